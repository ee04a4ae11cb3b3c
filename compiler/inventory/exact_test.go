package inventory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/canonical"
)

func exactSample(round int) *Snapshot {
	at := time.Date(2026, 11, 21, 20, round, 0, 0, time.UTC)
	s := &Snapshot{Tenant: "acme", Site: "main", TakenAt: at}
	for n := range 3 + round%2 {
		s.Updates = append(s.Updates, Update{
			PURL: fmt.Sprintf("pkg:deb/debian/p%d@1", n), Name: fmt.Sprint("p", n), Version: "1", Class: ClassSecurity, FirstSeen: at.Add(-time.Hour * time.Duration(n/3*round)),
			Advisories: []string{}, CVEs: []string{}, Supersedes: []string{},
		})
	}
	for n := range 5 {
		h := Host{Name: fmt.Sprint("web-", n), State: Scanned, OS: "debian 12", BootID: fmt.Sprint("boot-", n, round/(n+2)), Installed: []Installed{}, Held: []string{}, Notes: []string{}}
		h.Missing = []Missing{{Update: n % 3, From: "0"}}
		s.Hosts = append(s.Hosts, h)
	}
	return s
}

func encoded(t *testing.T, s *Snapshot) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// plainly is what Exact stands for: read, write again, compare.
func plainly(raw []byte) *Snapshot {
	s, err := Decode(bytes.NewReader(raw))
	if err != nil {
		return nil
	}
	var again bytes.Buffer
	if s.Encode(&again) != nil || !bytes.Equal(again.Bytes(), raw) {
		return nil
	}
	return s
}

// TestExactIsDecodeAndEncode reads a history, every snapshot of it also with damage: bytes edited, dropped and doubled,
// lines swapped, half of them under a digest that fits. Whatever it has read before, Exact accepts what reading and writing again accepts, and nothing else.
func TestExactIsDecodeAndEncode(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var x Exact
	for round := range 12 {
		raw := encoded(t, exactSample(round))
		for range 150 {
			bad := damaged(random, raw)
			compareExact(t, &x, bad)
			compareExact(t, &x, sealed(bad))
		}
		compareExact(t, &x, raw)
		if len(x.hosts) != 5 {
			t.Fatalf("it keeps %d lines of hosts", len(x.hosts))
		}
	}
}

func compareExact(t *testing.T, x *Exact, raw []byte) {
	t.Helper()
	got, digest, err := x.Decode(raw)
	want := plainly(raw)
	if (err == nil) != (want != nil) {
		t.Fatalf("%v, and read plainly: %v\n%s", err, want != nil, raw)
	}
	if want == nil {
		return
	}
	if d, err := want.Digest(); err != nil || d != digest || !reflect.DeepEqual(got, want) {
		t.Fatalf("%s, not %s\n%+v\n%+v", digest, d, got, want)
	}
}

func damaged(random *rand.Rand, raw []byte) []byte {
	lines := bytes.SplitAfter(bytes.Clone(raw), []byte{'\n'})
	i, j := random.IntN(len(lines)-1), random.IntN(len(lines)-1)
	switch random.IntN(6) {
	case 0:
		lines[i], lines[j] = lines[j], lines[i]
	case 1:
		lines[i] = lines[j]
	case 2:
		lines[i] = nil
	case 3:
		lines[i][random.IntN(len(lines[i]))] = byte(random.IntN(128))
	case 4:
		lines[i] = append([]byte(" "), lines[i]...)
	case 5:
		return raw[:random.IntN(len(raw))]
	}
	return bytes.Join(lines, nil)
}

// sealed gives what was damaged the digest that fits.
func sealed(raw []byte) []byte {
	first, rest, _ := bytes.Cut(raw, []byte{'\n'})
	var h Header
	if json.Unmarshal(first, &h) != nil {
		return raw
	}
	h.Digest = ""
	body, err := canonical.Marshal(h)
	if err != nil {
		return raw
	}
	rest = append([]byte{'\n'}, rest...)
	h.Digest = canonical.DigestBytes(append(body, rest...))
	if first, err = canonical.Marshal(h); err != nil {
		return raw
	}
	return append(first, rest...)
}
