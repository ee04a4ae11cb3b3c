package ledger

import "testing"

// TestReboots: what is installed and lacks its reboot is no success before it, and one with it, whoever reboots the host.
func TestReboots(t *testing.T) {
	a := apply("1", "web-1", "pilot", Started, "u")
	waits, late := end(a, Succeeded, 5), end(a, Failed, 5)
	waits.AwaitsReboot, waits.HostState, late.HostState = true, installed, installed
	reboot := func(id string, status Status, minute int) Action {
		r := Action{ID: id, Host: "web-1", Verb: VerbReboot, Ring: "pilot", Status: Started, StartedAt: t0}
		if status == Started {
			return r
		}
		return end(r, status, minute)
	}
	type list = []Action
	for name, c := range map[string]struct {
		history []list
		awake   []string
		want    [5]int // attempted, succeeded, failed, in doubt, missing
		asleep  int
		tried   [2]int // times, failed
	}{
		"installed":                    {history: []list{{a}, {waits}}, want: [5]int{1, 0, 0, 1}, asleep: 1},
		"rebooted":                     {history: []list{{a}, {waits}, {reboot("2", Started, 0)}, {reboot("2", Succeeded, 9)}}, want: [5]int{1, 1, 0, 0}, tried: [2]int{1, 0}},
		"its reboot fails":             {history: []list{{a}, {waits}, {reboot("2", Started, 0)}, {reboot("2", Failed, 9)}}, want: [5]int{1, 0, 0, 1}, asleep: 1, tried: [2]int{1, 1}},
		"its reboot is left out":       {history: []list{{a}, {waits}, {reboot("2", Started, 0)}, {reboot("2", Skipped, 9)}}, want: [5]int{1, 0, 0, 1}, asleep: 1},
		"somebody reboots it":          {history: []list{{a}, {waits}}, awake: []string{"web-1"}, want: [5]int{1, 1, 0, 0}},
		"a failure for want of one":    {history: []list{{a}, {late}}, want: [5]int{1, 0, 1, 0}, asleep: 1},
		"which comes later":            {history: []list{{a}, {late}, {reboot("2", Started, 0)}, {reboot("2", Succeeded, 9)}}, want: [5]int{1, 1, 0, 0}, tried: [2]int{1, 0}},
		"installed anew":               {history: []list{{a}, {waits}, {apply("3", "web-1", "pilot", Started, "u")}}, want: [5]int{1, 0, 0, 1}},
		"a reboot that nobody awaited": {history: []list{{a}, {end(a, Succeeded, 5)}, {reboot("2", Started, 0)}, {reboot("2", Succeeded, 9)}}, want: [5]int{1, 1, 0, 0}, tried: [2]int{1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := history(c.history...)
			if c.awake != nil {
				s = Reduce(s, Record{Tenant: s.Tenant, Seq: s.Seq + 1, Phase: PhaseScan, At: t0, Site: "main", Scan: &Scan{Awake: c.awake, Missing: []RingMissing{}, Seen: []string{}}})
			}
			if got := counts(s, "pilot", "u"); got != c.want {
				t.Errorf("counts = %v, want %v", got, c.want)
			}
			if err := s.check(); err != nil || len(s.Asleep) != c.asleep {
				t.Errorf("%v, asleep %+v", err, s.Asleep)
			}
			if got := [2]int{}; len(s.Reboots) > 0 {
				if got = [2]int{s.Reboots[0].Times, s.Reboots[0].Failed}; got != c.tried {
					t.Errorf("reboots %+v, want %v", s.Reboots, c.tried)
				}
			} else if got != c.tried {
				t.Errorf("no reboots, want %v", c.tried)
			}
		})
	}
}
