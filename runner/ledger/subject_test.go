package ledger

import (
	"strings"
	"testing"
)

func TestSubject(t *testing.T) {
	a, b := apply("1", "web-1", "pilot", Started, "u", "v"), apply("2", "web-2", "pilot", Started, "u")
	other := apply("3", "web-3", "pilot", Started, "u")
	other.Wave = 2
	reboot := Action{ID: "4", Host: "web-1", Verb: VerbReboot, Status: Failed}
	for want, r := range map[string]Record{
		"acme: scan main: 9 of 10 hosts, 31 missing, 1 unreachable": {
			Phase: PhaseScan, Site: "main", Scan: &Scan{Hosts: 10, Scanned: 9, Unreachable: []string{"x"}, Missing: []RingMissing{{"a", "u", 30}, {"b", "u", 1}}},
		},
		"acme: scan main: 0 of 1 host, 0 missing, 1 stale, 2 quarantined": {
			Phase: PhaseScan, Site: "main", Scan: &Scan{Hosts: 1, Stale: []string{"x"}, Quarantined: []string{"y", "z"}},
		},
		"acme: start weeknight wave 1: 2 hosts, 3 updates": {Phase: PhaseIntent, Actions: []Action{a, b}},
		"acme: apply weeknight wave 1: 2 hosts, 3 updates, 0 failed": {
			Phase: PhaseWave, Actions: []Action{end(a, Succeeded, 1), end(b, Succeeded, 1), reboot},
		},
		"acme: apply weeknight wave 1: 2 hosts, 1 update, 1 failed, 1 skipped": {Phase: PhaseWave, Actions: []Action{end(a, Skipped, 1), end(b, Failed, 1)}},
		"acme: apply 2 waves: 2 hosts, 3 updates, 0 failed, 1 in doubt":        {Phase: PhaseWave, Actions: []Action{end(a, InDoubt, 1), end(other, Succeeded, 1)}},
		"acme: end of run r7: partial":                                         {Phase: PhaseEnd, Run: "r7", Outcome: "partial"},
		"acme: halt r7":                                                        {Phase: PhaseHalt, Run: "r7"},
	} {
		r.Tenant = "acme"
		if got := Subject(r); got != want {
			t.Errorf("Subject() = %q, want %q", got, want)
		}
	}
	if got := Subject(Record{Tenant: "acme", Phase: PhaseNote, Run: "\x1b[2J\n" + strings.Repeat("x", 500)}); strings.ContainsAny(got, "\x1b\n") || len(got) > 2*maxLine {
		t.Errorf("Subject() = %q", got)
	}
}
