package runner

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	_ "github.com/ringfence/ringfence/internal/sameseed"
	"github.com/ringfence/ringfence/providers"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func update(name, version, class string) providers.Update {
	return providers.Update{
		PURL: "pkg:deb/debian/" + name + "@" + version + "?arch=amd64", Name: name, Version: version, Arch: "amd64",
		Class: class, Severity: "high", Origin: "Debian-Security", Reboot: "no",
	}
}

func scanned(host string, scan providers.HostScan) Reading { return Reading{Host: host, Scan: &scan} }

func TestAssembleNeverCallsAnUnreadHostScanned(t *testing.T) {
	hosts := []policy.Host{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}}
	lacks := providers.HostScan{Missing: []providers.Missing{{Update: update("x", "2", "security"), From: "1"}}}
	first := Assemble(Assembly{Tenant: "t", Site: "main", At: noon, Hosts: hosts, Readings: []Reading{
		scanned("a", lacks), scanned("b", lacks), {Host: "c", Err: ErrUnreachable}, {Host: "d", Err: fmt.Errorf("%w: other key", ErrQuarantined)},
	}})
	second := Assemble(Assembly{Tenant: "t", Site: "main", At: noon.Add(time.Hour), Hosts: hosts, Prev: first, Readings: []Reading{
		{Host: "a", Err: errors.New("apt: \x1b[31mbad signature")}, scanned("b", providers.HostScan{Installed: []providers.Package{{Name: "x", Arch: "amd64", Version: "3"}}}),
	}})
	want := map[string]inventory.HostState{"a": inventory.Stale, "b": inventory.Scanned, "c": inventory.Unreachable, "d": inventory.Quarantined}
	for name, state := range want {
		if h := second.Host(name); h.State != state {
			t.Errorf("%s is %s, expected %s", name, h.State, state)
		}
	}
	a := second.Host("a")
	if len(a.Missing) != 1 || a.Notes[0] != "apt: \ufffd[31mbad signature" || !a.ScannedAt.Equal(noon) {
		t.Errorf("a lost what was known of it: %+v", a)
	}
	if b := second.Host("b"); len(b.Missing) != 0 || len(b.Installed) != 1 || b.Installed[0].Version != "3" {
		t.Errorf("b has a newer version, so the update counts as installed: %+v", b)
	}
}

func TestAssembleTrustsNobodyAlone(t *testing.T) {
	hosts := []policy.Host{{Name: "honest"}, {Name: "liar"}}
	honest, lie := update("x", "2", "bugfix"), update("x", "2", "security")
	lie.Exploited = true
	long := noon.AddDate(-1, 0, 0)
	lie.Released, lie.CVEs = &long, []string{"CVE-2026-1"}
	s := Assemble(Assembly{Tenant: "t", Site: "main", At: noon, Hosts: hosts, Readings: []Reading{
		scanned("honest", providers.HostScan{Missing: []providers.Missing{{Update: honest}}}),
		scanned("liar", providers.HostScan{Missing: []providers.Missing{{Update: lie}}}),
	}})
	if u := s.Updates[0]; u.Class != inventory.ClassUnknown || u.Exploited || u.Released != nil || len(u.CVEs) > 0 {
		t.Errorf("one host's word made the update %+v", u)
	}
}

func TestAssembleKeepsFirstSeen(t *testing.T) {
	u := update("x", "2", "security")
	s := Assemble(Assembly{
		Tenant: "t", Site: "main", At: noon, Hosts: []policy.Host{{Name: "a"}}, FirstSeen: map[string]time.Time{u.PURL: noon.Add(-time.Hour)},
		Readings: []Reading{scanned("a", providers.HostScan{Missing: []providers.Missing{{Update: u}, {Update: update("y", "1", "unknown")}}})},
	})
	for _, got := range s.Updates {
		want := noon
		if got.PURL == u.PURL {
			want = noon.Add(-time.Hour)
		}
		if !got.FirstSeen.Equal(want) {
			t.Errorf("%s was first seen %s, expected %s", got.Name, got.FirstSeen, want)
		}
	}
}

// TestAssembleIsWhole: whatever the readings, every host of the policy is there once, every index is in the table, the
// encoding decodes to the same, and an update is never both missing and installed.
func TestAssembleIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var hosts []policy.Host
		for i := range rapid.IntRange(1, 5).Draw(t, "hosts") {
			hosts = append(hosts, policy.Host{Name: fmt.Sprint("h", i)})
		}
		var prev *inventory.Snapshot
		for round := range 3 {
			prev = Assemble(Assembly{
				Tenant: "t", Site: "main", At: noon.Add(time.Duration(round) * time.Hour), Hosts: hosts, Prev: prev, Readings: drawReadings(t, hosts),
			})
			checkWhole(t, prev, hosts)
		}
	})
}

func drawReadings(t *rapid.T, hosts []policy.Host) []Reading {
	var out []Reading
	for _, h := range hosts {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0: // not asked
		case 1:
			out = append(out, Reading{Host: h.Name, Err: ErrUnreachable})
		default:
			var scan providers.HostScan
			for _, name := range []string{"x", "y", "z"} {
				v := fmt.Sprint(rapid.IntRange(1, 3).Draw(t, "have"))
				scan.Installed = append(scan.Installed, providers.Package{Name: name, Arch: "amd64", Version: v})
				if v != "3" && rapid.Bool().Draw(t, "offered") {
					scan.Missing = append(scan.Missing, providers.Missing{Update: update(name, "3", "security"), From: v})
				}
			}
			out = append(out, scanned(h.Name, scan))
		}
	}
	return out
}

func checkWhole(t *rapid.T, s *inventory.Snapshot, hosts []policy.Host) {
	if len(s.Hosts) != len(hosts) {
		t.Fatalf("%d hosts of %d", len(s.Hosts), len(hosts))
	}
	for _, h := range s.Hosts {
		seen := map[int]bool{}
		for _, m := range h.Missing {
			seen[m.Update] = true
		}
		for _, i := range h.Installed {
			if seen[i.Update] {
				t.Fatalf("%s: %s is both missing and installed", h.Name, s.Updates[i.Update].PURL)
			}
		}
	}
	roundTrip(t, s)
}
