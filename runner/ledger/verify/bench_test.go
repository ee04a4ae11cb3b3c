//go:build unix

package verify

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// The ledger that is measured: 200 hosts that lack 100 updates at first and three new ones each night, on which all of
// them are carried out, ten hosts at a time.
const (
	benchHosts  = 200
	benchLacks  = 100
	benchNights = 8
)

func benchStory(b *testing.B) *story {
	s := newStory(b)
	s.tenant.Hosts, s.each = nil, time.Second
	for n := range benchHosts {
		name, tier := fmt.Sprintf("db-%03d", n), "prod"
		if n%10 == 0 {
			name, tier = fmt.Sprintf("web-%03d", n), "pilot"
		}
		s.tenant.Hosts = append(s.tenant.Hosts, host(name, tier))
	}
	for i := range s.tenant.Rings {
		s.tenant.Rings[i].MaxUnavailable = policy.Amount{Count: 10}
		s.tenant.Rings[i].Requires = s.tenant.Rings[i].Requires[len(s.tenant.Rings[i].Requires)/2:] // no other tenant's
	}
	for night := range benchNights {
		s.lacks = s.lacks[:0:0]
		for n := range benchLacks + 3*night {
			s.lacks = append(s.lacks, fmt.Sprintf("pkg:deb/debian/package-%05d@1.2.%d-1~deb12u1?arch=amd64", n, n%7))
		}
		s.now = instant("2026-11-16T21:30:00Z").Add(time.Duration(night) * 24 * time.Hour)
		s.scan()
		s.now = s.now.Add(time.Hour)
		s.scan()
		s.run(allSucceed)
	}
	return s
}

// BenchmarkVerify judges a ledger of 308 records, 200 hosts and 242 rows of evidence in whole, plans made again included.
// CPU time, two cores, Go 1.26:
//
//	7 to 11 ms a record (was 75 ms or more): three quarters went into the canonical form of snapshots, made three times for each by a
//	            library that builds a tree of it; now only lines are read that the snapshot before did not have, and put
//	            in order in one pass. Most of the rest went into gates, which were judged for every host of a record.
func BenchmarkVerify(b *testing.B) {
	made := time.Now()
	s := benchStory(b)
	n := s.head.State.Seq
	begun := cpu(b)
	b.Logf("made in %s: %d records, %d rows of evidence", time.Since(made).Round(time.Second), n, len(s.head.State.Evidence))
	for b.Loop() {
		r, err := Verify(b.Context(), s.input())
		if err != nil || !r.OK() {
			b.Fatal(err, r.Findings)
		}
	}
	b.ReportMetric(float64((cpu(b)-begun).Microseconds())/1000/float64(n*b.N), "cpu-ms/record")
}

// cpu is the processor time of this process so far: the wall clock of a machine with neighbours says little.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
