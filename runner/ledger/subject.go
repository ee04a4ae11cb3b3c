package ledger

import (
	"fmt"
	"slices"
	"strings"
)

// Subject says in one line what a record tells, neutralised: "acme: apply weeknight wave 1: 3 hosts, 12 updates, 0
// failed", "acme: scan main: 9 of 10 hosts, 31 missing, 1 unreachable".
func Subject(r Record) string {
	return Line(r.Tenant + ": " + summary(r))
}

func summary(r Record) string {
	switch {
	case r.Phase == PhaseScan && r.Scan != nil:
		return "scan " + r.Site + ": " + scanned(*r.Scan)
	case r.Phase == PhaseIntent && onlyReboots(r.Actions):
		return "start reboots " + where(r.Actions) + ": " + count(len(tally(r.Actions).hosts), "host")
	case r.Phase == PhaseWave && onlyReboots(r.Actions):
		return "reboot " + where(r.Actions) + ": " + rebootOutcomes(r.Actions)
	case r.Phase == PhaseIntent:
		return "start " + where(r.Actions) + ": " + amount(tally(r.Actions))
	case r.Phase == PhaseWave:
		return "apply " + where(r.Actions) + ": " + outcomes(r.Actions)
	case r.Phase == PhaseNote && len(r.Actions) > 0:
		a := r.Actions[0]
		return fmt.Sprintf("note: %s %s on %s: %s", a.Host, a.Status, strings.Join(purls(a.Updates), " "), a.Reason)
	case r.Phase == PhaseEnd && r.Outcome != "":
		return "end of run " + r.Run + ": " + r.Outcome + some(len(tally(r.Actions).hosts), "refused")
	}
	return string(r.Phase) + " " + r.Run
}

func scanned(s Scan) string {
	missing := 0
	for _, m := range s.Missing {
		missing += m.Hosts
	}
	out := fmt.Sprintf("%d of %s, %d missing", s.Scanned, count(s.Hosts, "host"), missing)
	return out + some(len(s.Unreachable), "unreachable") + some(len(s.Stale), "stale") + some(len(s.Quarantined), "quarantined")
}

// where names the window and wave of the record's actions; there is one of each unless several waves were settled.
func where(actions []Action) string {
	places := map[string]bool{}
	place := ""
	for _, a := range actions {
		if a.Verb == mainVerb(actions) {
			place = fmt.Sprintf("%s wave %d", a.Window, a.Wave)
			places[place] = true
		}
	}
	if len(places) == 1 {
		return strings.TrimSpace(place)
	}
	return count(len(places), "wave")
}

type tallied struct {
	hosts   map[string]bool
	updates int
	by      map[Status]int
}

func tally(actions []Action) tallied {
	t := tallied{hosts: map[string]bool{}, by: map[Status]int{}}
	verb := mainVerb(actions)
	for _, a := range actions {
		if a.Verb != verb {
			continue
		}
		t.hosts[a.Host] = true
		t.by[a.Status]++
		if a.Status != Skipped {
			t.updates += len(a.Updates)
		}
	}
	return t
}

func amount(t tallied) string {
	return count(len(t.hosts), "host") + ", " + count(t.updates, "update")
}

func outcomes(actions []Action) string {
	t := tally(actions)
	return fmt.Sprintf("%s, %d failed", amount(t), t.by[Failed]) + some(t.by[InDoubt]+t.by[Started], "in doubt") + some(t.by[Skipped], "skipped") +
		some(overran(actions), "after the window")
}

// onlyReboots: the hosts of the wave are rebooted and nothing else.
func onlyReboots(actions []Action) bool {
	return len(actions) > 0 && !slices.ContainsFunc(actions, func(a Action) bool { return a.Verb != VerbReboot })
}

// mainVerb is what a wave is about: a reboot after a change is part of that.
func mainVerb(actions []Action) Verb {
	if onlyReboots(actions) {
		return VerbReboot
	}
	return VerbApply
}

func rebootOutcomes(actions []Action) string {
	t := tally(actions)
	return fmt.Sprintf("%s, %d failed", count(len(t.hosts), "host"), t.by[Failed]) + some(t.by[InDoubt]+t.by[Started], "in doubt") +
		some(t.by[Skipped], "skipped") + some(overran(actions), "after the window")
}

func overran(actions []Action) int {
	n := 0
	for _, a := range actions {
		if a.Overrun {
			n++
		}
	}
	return n
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func some(n int, what string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d %s", n, what)
}
