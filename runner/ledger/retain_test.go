package ledger

import (
	"bytes"
	"os/exec"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
)

const day = 24 * time.Hour

// scanOf is a record of a scan some days after t0.
func scanOf(seq, days int, site string, seen []string, missing ...RingMissing) Record {
	return Record{
		Tenant: "acme", Seq: seq, Phase: PhaseScan, Site: site, At: t0.Add(time.Duration(days) * day),
		Scan: &Scan{Seen: seen, Missing: missing},
	}
}

// rollout is a state in which u succeeded on web-1 and failed on web-2, at t0.
func rollout() State {
	a, b := apply("1", "web-1", "pilot", Started, "u"), apply("2", "web-2", "pilot", Started, "u")
	s := Reduce(State{}, scanOf(1, 0, "main", []string{"u"}, RingMissing{"pilot", "u", 2}))
	return Reduce(s, Record{Tenant: "acme", Seq: 2, Phase: PhaseWave, Site: "main", At: t0, Actions: []Action{a, b, end(a, Succeeded, 5), end(b, Failed, 5)}})
}

func knows(s State, update string) bool {
	_, seen := s.FirstSeen[update]
	_, row := s.Evidence.Of("pilot", update)
	return seen || row || len(s.Failures) > 0
}

func TestWhatIsGoneIsForgotten(t *testing.T) {
	last := int(retention / day)
	gone := func(days int) Record { return scanOf(0, days, "main", []string{"v"}) }
	doubt := apply("9", "web-3", "broad", Started, "u")
	late := end(apply("8", "web-1", "pilot", Started, "u"), Failed, 5)
	late.StartedAt = t0.Add(100 * day)
	late.EndedAt = &late.StartedAt
	for name, tc := range map[string]struct {
		records []Record
		known   bool
	}{
		"gone for long":             {[]Record{gone(1), gone(1 + last)}, false},
		"one scan is enough":        {[]Record{gone(1), gone(9 * last)}, false},
		"not long enough":           {[]Record{gone(1), gone(last)}, true},
		"nobody looked":             {[]Record{gone(9 * last)}, true},
		"seen once in between":      {[]Record{gone(1), scanOf(0, 100, "main", []string{"u"}), gone(101), gone(1 + last)}, true},
		"installed somewhere":       {[]Record{gone(1), scanOf(0, 2*last, "main", []string{"u", "v"})}, true},
		"missing at another site":   {[]Record{scanOf(0, 0, "branch", []string{"u"}, RingMissing{"broad", "u", 1}), gone(1), gone(1 + last)}, true},
		"seen at another site":      {[]Record{gone(1), scanOf(0, 100, "branch", []string{"u"}), gone(1 + last)}, true},
		"in doubt":                  {[]Record{{Phase: PhaseIntent, Site: "main", At: t0, Actions: []Action{doubt}}, gone(1), gone(1 + last)}, true},
		"the doubt was settled":     {[]Record{{Phase: PhaseIntent, Site: "main", At: t0, Actions: []Action{doubt}}, gone(1), {Phase: PhaseWave, Site: "main", At: t0.Add(2 * day), Actions: []Action{end(doubt, Failed, 5)}}, gone(3), gone(3 + last)}, false},
		"turned out bad afterwards": {[]Record{gone(1), {Phase: PhaseNote, Site: "main", At: t0.Add(100 * day), Actions: []Action{late}}, gone(1 + last)}, true},
		"bad, and long gone again":  {[]Record{gone(1), {Phase: PhaseNote, Site: "main", At: t0.Add(100 * day), Actions: []Action{late}}, gone(100 + last)}, false},
		"only scans forget":         {[]Record{gone(1), {Phase: PhaseEnd, Site: "main", At: t0.Add(9 * retention)}}, true},
		"a clock that went back":    {[]Record{gone(300), gone(1), gone(last)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := rollout()
			for _, r := range tc.records {
				r.Tenant, r.Seq = "acme", s.Seq+1
				s = Reduce(s, r)
				if err := s.check(); err != nil {
					t.Fatal(err)
				}
			}
			if knows(s, "u") != tc.known {
				t.Errorf("known: %v, want %v: evidence %+v, failures %+v, first seen %v, gone since %v", !tc.known, tc.known, s.Evidence, s.Failures, s.FirstSeen, s.GoneSince)
			}
			if _, waits := s.GoneSince["u"]; waits && !tc.known {
				t.Error("it is forgotten, but not that it is gone")
			}
		})
	}
}

// TestWhatComesBackIsNew: nothing that a gate could take for a success is left.
func TestWhatComesBackIsNew(t *testing.T) {
	s := Reduce(rollout(), scanOf(3, 1, "main", nil))
	s = Reduce(s, scanOf(4, 400, "main", nil))
	s = Reduce(s, scanOf(5, 401, "main", []string{"u"}, RingMissing{"pilot", "u", 1}))
	if got := counts(s, "pilot", "u"); got != [5]int{0, 0, 0, 0, 1} || !s.FirstSeen["u"].Equal(t0.Add(401*day)) {
		t.Errorf("it counts %v, first seen %v", got, s.FirstSeen["u"])
	}
}

// years is a history as runners write it: hosts get updates, which scans list for a while and which come, go and come
// back.
type years struct {
	at       time.Time
	s, whole State                // whole forgets nothing
	quiet    map[string]time.Time // since when no scan listed an update and nothing happened to it
	gone     map[string]bool      // quiet for retention at some scan
	busy     map[string]Action    // by host
	told     bytes.Buffer         // each record and its state
}

func newYears() *years {
	return &years{quiet: map[string]time.Time{"u": t0, "v": t0, "w": t0}, gone: map[string]bool{}, busy: map[string]Action{}, at: t0}
}

func (m *years) step(t *rapid.T, n int) {
	m.at = m.at.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 20, 89, 90, 200}).Draw(t, "days")) * day)
	if rapid.Bool().Draw(t, "scan") {
		m.scan(t, m.at)
		return
	}
	m.work(t, n, m.at)
}

func (m *years) record(r Record) {
	r.Tenant, r.Seq = "acme", m.s.Seq+1
	m.s = Reduce(m.s, r)
	for _, v := range []any{r.Filled(), m.s} {
		raw, err := Encode(v)
		if err != nil {
			panic(err)
		}
		m.told.Write(raw)
	}
	x := newReducer(m.whole, r)
	x.keep = 1 << 62
	m.whole = x.reduce(r)
}

func (m *years) scan(t *rapid.T, at time.Time) {
	site := rapid.SampledFrom([]string{"main", "branch"}).Draw(t, "site")
	scan := &Scan{Seen: rapid.SliceOfDistinct(rapid.SampledFrom([]string{"u", "v", "w"}), rapid.ID).Draw(t, "seen")}
	for _, u := range scan.Seen {
		m.quiet[u] = time.Time{}
		if n := rapid.IntRange(0, 2).Draw(t, "missing"); n > 0 {
			scan.Missing = append(scan.Missing, RingMissing{"pilot", u, n})
		}
	}
	for u, since := range m.quiet {
		if since.IsZero() && !slices.Contains(scan.Seen, u) {
			m.quiet[u] = at
		}
		if since := m.quiet[u]; !since.IsZero() && at.Sub(since) >= retention {
			m.gone[u] = true
		}
	}
	m.record(Record{Phase: PhaseScan, Site: site, At: at, Scan: scan})
}

// work lets a host start something that is known, or end it.
func (m *years) work(t *rapid.T, n int, at time.Time) {
	host := rapid.SampledFrom([]string{"web-1", "web-2"}).Draw(t, "host")
	a, busy := m.busy[host]
	if busy {
		delete(m.busy, host)
		a.Status, a.EndedAt = rapid.SampledFrom([]Status{Succeeded, Failed, Skipped}).Draw(t, "status"), &at
	} else {
		a = apply(string(rune('a'+n)), host, "pilot", Started, rapid.SampledFrom([]string{"u", "v"}).Draw(t, "update"))
		a.StartedAt = at
		m.busy[host] = a
	}
	m.record(Record{Phase: PhaseWave, Site: "main", At: at, Actions: []Action{a}})
}

// TestForgettingChangesNoPlan: whatever was never gone for retention has the same evidence, which is what its own tenant
// and others go by, the same failures and the same first sight as if nothing were ever forgotten.
func TestForgettingChangesNoPlan(t *testing.T) {
	forgot := 0
	rapid.Check(t, func(t *rapid.T) {
		m := newYears()
		for n := range rapid.IntRange(1, 40).Draw(t, "steps") {
			m.step(t, n)
			if err := m.s.check(); err != nil {
				t.Fatal(err)
			}
			if got, want := m.never(m.s), m.never(m.whole); !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v\nwithout forgetting: %+v", got, want)
			}
			for u, first := range m.whole.FirstSeen {
				if !m.gone[u] && !m.s.FirstSeen[u].Equal(first) {
					t.Fatalf("%s was first seen %v, not %v", u, m.s.FirstSeen[u], first)
				}
			}
			if len(m.s.FirstSeen) < len(m.whole.FirstSeen) {
				forgot++
			}
		}
	})
	if forgot == 0 {
		t.Error("nothing was ever forgotten")
	}
}

// never is what a state says of updates that were never gone.
func (m *years) never(s State) State {
	return State{
		Evidence: others(s.Evidence, m.gone, func(r decision.RingEvidence) string { return r.Update }),
		Failures: others(s.Failures, m.gone, func(f plan.Failure) string { return f.Update }),
		Health:   others(s.Health, m.gone, func(h SiteHealth) string { return h.Update }),
		Canaries: others(s.Canaries, m.gone, func(c Canaries) string { return c.Update }),
	}
}

// others are the rows of updates that are not gone. None is nil, whether there was nothing or only rows of gone ones.
func others[S ~[]E, E any](rows S, gone map[string]bool, update func(E) string) (out S) {
	for _, row := range rows {
		if !gone[update(row)] {
			out = append(out, row)
		}
	}
	return out
}

// secondFold is what verify.py makes of records; it prints the first state that is another one.
const secondFold = `
import importlib.util, sys
spec = importlib.util.spec_from_file_location("second", sys.argv[1])
second = importlib.util.module_from_spec(spec)
spec.loader.exec_module(second)
state, lines = second.EMPTY, sys.stdin.buffer.read().split(b"\n")
for record, want in zip(lines[::2], lines[1::2]):
    record = second.parse(record, "record")
    state = second.Reducer(state if record["seq"] > 1 else second.EMPTY, record).state()
    if second.canonical(state) != want:
        print(second.canonical(record).decode(), second.canonical(state).decode(), want.decode(), sep="\n")
        break
`

// TestTheSecondReducerForgetsTheSame: the verifier that shares no code comes to the same states over years.
func TestTheSecondReducerForgetsTheSame(t *testing.T) {
	forgot := false
	history := rapid.Custom(func(t *rapid.T) []byte {
		m := newYears()
		for n := range 25 {
			m.step(t, n)
		}
		forgot = forgot || len(m.s.FirstSeen) < len(m.whole.FirstSeen)
		return m.told.Bytes()
	})
	var told []byte
	for seed := range 60 {
		told = append(told, history.Example(seed)...)
	}
	cmd := exec.Command("python3", "-B", "-c", secondFold, "../../docs/verify/verify.py")
	cmd.Stdin = bytes.NewReader(told)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
	if !forgot {
		t.Error("nothing was ever forgotten")
	}
}
