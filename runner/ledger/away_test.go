package ledger

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestAway: a state remembers when scans of a site could not reach a host, and that it was caught up since.
func TestAway(t *testing.T) {
	scan := func(site string, away ...string) Record {
		return Record{Phase: PhaseScan, Site: site, Scan: &Scan{Away: away, Missing: []RingMissing{}, Seen: []string{}}}
	}
	start := apply("1", "web-1", "pilot", Started, "u")
	start.CatchUp = true
	act := func(a Action) Record { return Record{Phase: PhaseWave, Site: "main", Actions: []Action{a}} }
	for name, c := range map[string]struct {
		records []Record
		want    string
	}{
		"never away":                      {[]Record{scan("main")}, ""},
		"away":                            {[]Record{scan("main", "web-1"), scan("main", "web-1")}, "web-1 0-?"},
		"seen again":                      {[]Record{scan("main", "web-1"), scan("main"), scan("main")}, "web-1 0-1"},
		"away again":                      {[]Record{scan("main", "web-1"), scan("main"), scan("main", "web-1")}, "web-1 0-1, web-1 2-?"},
		"another site knows nothing":      {[]Record{scan("main", "web-1"), scan("ham", "db-1")}, "db-1 1-?, web-1 0-?"},
		"caught up before anything began": {[]Record{scan("main", "web-1"), scan("main"), act(start)}, "web-1 0-1 default"},
		"whatever became of it":           {[]Record{scan("main", "web-1"), scan("main"), act(start), act(end(start, Failed, 5))}, "web-1 0-1 default"},
		"unless it never started":         {[]Record{scan("main", "web-1"), scan("main"), act(start), act(end(start, Skipped, 5))}, "web-1 0-1"},
		"in its window": {
			[]Record{scan("main", "web-1"), scan("main"), act(apply("1", "web-1", "pilot", Started, "u"))}, "web-1 0-1",
		},
		"the newest four": {[]Record{
			scan("main", "a", "b"), scan("main"), scan("main", "a"), scan("main"), scan("main", "a"), scan("main"),
			scan("main", "a"), scan("main"), scan("main", "a"), scan("main"),
		}, "a 2-3, a 4-5, a 6-7, a 8-9, b 0-1"},
	} {
		t.Run(name, func(t *testing.T) {
			var s State
			for i, r := range c.records {
				r.Tenant, r.Seq, r.At = "acme", i+1, t0.Add(time.Duration(i)*time.Hour)
				s = Reduce(s, r)
			}
			var got []string
			for _, a := range s.Away {
				until := "?"
				if a.Seen != nil {
					until = fmt.Sprint(int(a.Seen.Sub(t0).Hours()))
				}
				got = append(got, strings.TrimSpace(fmt.Sprintf("%s %d-%s %s", a.Host, int(a.Since.Sub(t0).Hours()), until, strings.Join(a.Caught, " "))))
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if err := s.check(); err != nil || s.Away != nil && len(s.Away) == 0 {
				t.Error(err)
			}
		})
	}
}
