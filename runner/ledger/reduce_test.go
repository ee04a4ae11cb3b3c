package ledger

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
)

var t0 = time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC)

// apply is an apply action; its start is t0.
func apply(id, host, ring string, status Status, updates ...string) Action {
	a := Action{
		ID: id, Host: host, Verb: VerbApply, Ring: ring, Lane: "default", Wave: 1, Window: "weeknight", Opens: t0,
		Status: status, StartedAt: t0, Platform: "debian 12",
	}
	for _, u := range updates {
		a.Updates = append(a.Updates, plan.ChangeUpdate{Update: u})
	}
	return a
}

// end gives an action an outcome some seconds later.
func end(a Action, status Status, seconds int) Action {
	at := a.StartedAt.Add(time.Duration(seconds) * time.Second)
	a.Status, a.EndedAt = status, &at
	if status == Failed {
		a.Reason = "broken"
	}
	return a
}

// history reduces one record for each list of actions.
func history(lists ...[]Action) State {
	var s State
	for i, actions := range lists {
		s = Reduce(s, Record{Tenant: "acme", Seq: i + 1, Phase: PhaseWave, At: t0.Add(time.Duration(i) * time.Hour), Site: "main", Actions: actions})
	}
	return s
}

func counts(s State, ring, update string) [5]int {
	e, _ := s.Evidence.Of(ring, update)
	return [5]int{e.Attempted, e.Succeeded, e.Failed, e.InDoubt, e.Missing}
}

func TestReduceActions(t *testing.T) {
	a := apply("1", "web-1", "pilot", Started, "u")
	b := apply("2", "web-2", "pilot", Started, "u")
	retry, moved := apply("2", "web-1", "pilot", Started, "u"), apply("2", "web-1", "broad", Started, "u")
	reboot := Action{ID: "9", Host: "web-1", Verb: VerbReboot, Ring: "pilot", StartedAt: t0}
	type list = []Action
	for name, tc := range map[string]struct {
		history            []list
		want               [5]int // attempted, succeeded, failed, in doubt, missing
		doubts, fails, occ int
	}{
		"intent":                     {[]list{{a}}, [5]int{1, 0, 0, 1}, 1, 0, 1},
		"intent twice":               {[]list{{a}, {a}}, [5]int{1, 0, 0, 1}, 1, 0, 1},
		"success":                    {[]list{{a}, {end(a, Succeeded, 5)}}, [5]int{1, 1, 0, 0}, 0, 0, 1},
		"success without intent":     {[]list{{end(a, Succeeded, 5)}}, [5]int{}, 0, 0, 0},
		"failure":                    {[]list{{a}, {end(a, Failed, 5)}}, [5]int{1, 0, 1, 0}, 0, 1, 1},
		"skipped":                    {[]list{{a}, {end(a, Skipped, 5)}}, [5]int{}, 0, 0, 0},
		"skipped without intent":     {[]list{{end(a, Skipped, 5)}}, [5]int{}, 0, 0, 0},
		"still in doubt":             {[]list{{a}, {end(a, InDoubt, 5)}}, [5]int{1, 0, 0, 1}, 1, 0, 1},
		"in doubt without intent":    {[]list{{end(a, InDoubt, 5)}}, [5]int{}, 0, 0, 0},
		"success twice":              {[]list{{a}, {end(a, Succeeded, 5)}, {end(a, Succeeded, 9)}}, [5]int{1, 1, 0, 0}, 0, 0, 1},
		"success, then failure":      {[]list{{a}, {end(a, Succeeded, 5)}, {end(a, Failed, 9)}}, [5]int{1, 1, 0, 0}, 0, 0, 1},
		"skipped, then in doubt":     {[]list{{a}, {end(a, Skipped, 5)}, {end(a, InDoubt, 9)}}, [5]int{}, 0, 0, 0},
		"doubt settled later":        {[]list{{a}, {end(a, InDoubt, 5)}, {end(a, Succeeded, 9)}}, [5]int{1, 1, 0, 0}, 0, 0, 1},
		"intent and success at once": {[]list{{end(a, Succeeded, 5), a}}, [5]int{1, 1, 0, 0}, 0, 0, 1},
		"retry":                      {[]list{{a}, {end(a, Failed, 5)}, {retry}}, [5]int{1, 0, 0, 1}, 1, 1, 2},
		"retry succeeds":             {[]list{{a}, {end(a, Failed, 5)}, {retry}, {end(retry, Succeeded, 5)}}, [5]int{1, 1, 0, 0}, 0, 0, 2},
		"retry skipped":              {[]list{{a}, {end(a, Failed, 5)}, {retry}, {end(retry, Skipped, 5)}}, [5]int{1, 0, 1, 0}, 0, 1, 1},
		"retry fails":                {[]list{{a}, {end(a, Failed, 5)}, {retry}, {end(retry, Failed, 5)}}, [5]int{1, 0, 1, 0}, 0, 1, 2},
		"retry in another ring":      {[]list{{a}, {end(a, Failed, 5)}, {moved}, {end(moved, Succeeded, 5)}}, [5]int{}, 0, 0, 2},
		"skipped in another ring":    {[]list{{a}, {end(a, Failed, 5)}, {moved}, {end(moved, Skipped, 5)}}, [5]int{1, 0, 1, 0}, 0, 1, 1},
		"of two outcomes the worse":  {[]list{{a, b}, {end(a, Succeeded, 5), end(b, Failed, 5), end(a, Failed, 5)}}, [5]int{2, 0, 2, 0}, 0, 2, 2},
		"a reboot is no evidence":    {[]list{{a}, {end(a, Succeeded, 5), end(reboot, Failed, 9)}}, [5]int{1, 1, 0, 0}, 0, 0, 1},
		"a reboot in doubt neither":  {[]list{{a}, {end(a, InDoubt, 5), end(reboot, InDoubt, 9)}}, [5]int{1, 0, 0, 1}, 1, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := history(tc.history...)
			if got := counts(s, "pilot", "u"); got != tc.want {
				t.Errorf("counts = %v, want %v", got, tc.want)
			}
			hosts := 0
			for _, o := range s.Occurrences {
				hosts += o.Hosts
			}
			if len(s.InDoubt) != tc.doubts || len(s.Failures) != tc.fails || hosts != tc.occ {
				t.Errorf("in doubt %+v, failures %+v, occurrences %+v", s.InDoubt, s.Failures, s.Occurrences)
			}
		})
	}
}

func TestReduceKeepsWhatItSaw(t *testing.T) {
	a := apply("1", "web-1", "pilot", Started, "u")
	b := apply("2", "web-2", "pilot", Started, "u")
	b.Platform, b.StartedAt = "debian 11", t0.Add(-time.Hour)
	s := history([]Action{a, b}, []Action{end(a, Succeeded, 60)}, []Action{end(b, Succeeded, 90)})
	e, _ := s.Evidence.Of("pilot", "u")
	want := decision.RingEvidence{
		Ring: "pilot", Update: "u", Attempted: 2, Succeeded: 2, FirstAt: &b.StartedAt,
		SucceededAt: end(a, Succeeded, 60).EndedAt, Platforms: []string{"debian 11", "debian 12"},
		OnPlatforms: []decision.OnPlatform{{Platform: "debian 11", Succeeded: 1}, {Platform: "debian 12", Succeeded: 1}},
	}
	if !reflect.DeepEqual(e, want) {
		t.Errorf("evidence = %+v, want %+v", e, want)
	}
	if s.Durations["apply"] != 90 {
		t.Errorf("durations = %v", s.Durations)
	}
	c := apply("3", "web-3", "pilot", Started, "u")
	d := apply("4", "web-3", "pilot", Started, "u")
	s = history([]Action{c, end(c, Failed, 5)}, []Action{d, end(d, Failed, 7)})
	if f := s.Failures[0]; f.Times != 2 || f.Host != "web-3" || f.Ring != "pilot" || !f.At.Equal(t0.Add(7*time.Second)) || f.Reason != "broken" {
		t.Errorf("failure = %+v", f)
	}
}

func TestReduceScan(t *testing.T) {
	scan := func(seq int, site string, seen []string, missing ...RingMissing) Record {
		return Record{
			Tenant: "acme", Seq: seq, Phase: PhaseScan, Site: site, At: t0.Add(time.Duration(seq) * time.Hour),
			Scan: &Scan{Missing: missing, Seen: seen},
		}
	}
	s := Reduce(State{}, scan(1, "main", []string{"u", "v"}, RingMissing{"pilot", "u", 3}, RingMissing{"pilot", "v", 1}))
	s = Reduce(s, scan(2, "branch", []string{"u", "w"}, RingMissing{"pilot", "u", 2}))
	if counts(s, "pilot", "u")[4] != 5 || counts(s, "pilot", "v")[4] != 1 {
		t.Errorf("missing on two sites: %+v", s.Evidence)
	}
	done := scan(3, "main", []string{"u"}, RingMissing{"pilot", "u", 1})
	one := apply("1", "web-1", "pilot", Started, "u")
	done.Actions = []Action{one, end(one, Succeeded, 5)}
	s = Reduce(s, done)
	if got := counts(s, "pilot", "u"); got != [5]int{1, 1, 0, 0, 3} {
		t.Errorf("a scan that settles: %v; the scan already saw the success", got)
	}
	if _, ok := s.Evidence.Of("pilot", "v"); ok {
		t.Error("a pair that nobody attempted and nobody misses is still there")
	}
	two, three := apply("2", "web-2", "pilot", Started, "u"), apply("3", "web-3", "pilot", Started, "u")
	s = Reduce(s, Record{
		Tenant: "acme", Seq: 4, Phase: PhaseWave, Site: "main", At: t0,
		Actions: []Action{two, three, end(two, Succeeded, 5), end(three, Succeeded, 5)},
	})
	if got := counts(s, "pilot", "u"); got != [5]int{3, 3, 0, 0, 2} {
		t.Errorf("successes take from their own site and not below none: %v", got)
	}
	if !s.FirstSeen["u"].Equal(t0.Add(time.Hour)) || !s.FirstSeen["w"].Equal(t0.Add(2*time.Hour)) {
		t.Errorf("first seen = %v", s.FirstSeen)
	}
}

func TestReduceKeepsTheNewestOccurrences(t *testing.T) {
	var s State
	for i := range 250 {
		a := apply("x", "web-1", "pilot", Started, "u")
		a.ID, a.Opens = t0.Add(time.Duration(i)*time.Hour).String(), t0.Add(time.Duration(i)*time.Hour)
		s = Reduce(s, Record{Tenant: "acme", Seq: i + 1, Actions: []Action{a, end(a, Succeeded, 1)}})
	}
	if len(s.Occurrences) != maxOccurrences || !s.Occurrences[199].Opens.Equal(t0.Add(249*time.Hour)) {
		t.Errorf("%d occurrences, the last opens %v", len(s.Occurrences), s.Occurrences[len(s.Occurrences)-1].Opens)
	}
}

// TestPlatformsAreCounted: each success on its platform; one that turns out bad is taken back where it was, and where
// nobody knows that, everywhere.
func TestPlatformsAreCounted(t *testing.T) {
	s := State{}
	for host, platform := range map[string]string{"a": "debian 12", "b": "debian 12", "c": "debian 13", "d": ""} {
		a := apply(host, host, "pilot", Started, "u")
		a.Platform = platform
		s = Reduce(s, Record{Tenant: "acme", Seq: s.Seq + 1, At: t0, Actions: []Action{a, end(a, Succeeded, 5)}})
	}
	bad := func(s State, host, platform string) State {
		a := apply("late "+host, host, "pilot", Failed, "u")
		a.Platform = platform
		return Reduce(s, Record{Tenant: "acme", Seq: s.Seq + 1, At: t0, Phase: PhaseNote, Actions: []Action{a}})
	}
	for name, c := range map[string]struct {
		s         State
		on        string
		platforms []string
	}{
		"four":               {s, "[{debian 12 2 0} {debian 13 1 0}]", []string{"debian 12", "debian 13"}},
		"one less":           {bad(s, "a", "debian 12"), "[{debian 12 1 0} {debian 13 1 0}]", []string{"debian 12", "debian 13"}},
		"none left":          {bad(s, "c", "debian 13"), "[{debian 12 2 0}]", []string{"debian 12"}},
		"nobody knows where": {bad(s, "a", ""), "[{debian 12 1 0}]", []string{"debian 12"}},
		"upgraded meanwhile": {bad(s, "a", "debian 14"), "[{debian 12 1 0}]", []string{"debian 12"}},
	} {
		e := c.s.Evidence[0]
		if got := fmt.Sprint(e.OnPlatforms); got != c.on || !slices.Equal(e.Platforms, c.platforms) {
			t.Errorf("%s: got %s %q, want %s", name, got, e.Platforms, c.on)
		}
	}
}

// TestTwoFuturesShareNoMemory: a runner that lost the race reduces its record again, from another state.
func TestTwoFuturesShareNoMemory(t *testing.T) {
	on := func(s State, platform string) State {
		a := apply(platform, platform, "pilot", Started, "u")
		a.Platform = platform
		return Reduce(s, Record{Tenant: "acme", Seq: s.Seq + 1, At: t0, Actions: []Action{a, end(a, Succeeded, 5)}})
	}
	s := on(on(on(State{}, "e"), "d"), "c")
	one := on(s, "b")
	two := on(s, "a")
	if got := one.Evidence[0].Platforms; !reflect.DeepEqual(got, []string{"b", "c", "d", "e"}) {
		t.Errorf("one future has %q", got)
	}
	if got := fmt.Sprint(one.Evidence[0].OnPlatforms, two.Evidence[0].OnPlatforms); got != "[{b 1 0} {c 1 0} {d 1 0} {e 1 0}] [{a 1 0} {c 1 0} {d 1 0} {e 1 0}]" {
		t.Errorf("the futures count %s", got)
	}
	if got := two.Evidence[0].Platforms; !reflect.DeepEqual(got, []string{"a", "c", "d", "e"}) {
		t.Errorf("the other has %q", got)
	}
}

// TestReduceUntouched: what changed nothing on a host is marked so, unless an attempt before it did.
func TestReduceUntouched(t *testing.T) {
	failed := func(host, state string) Action {
		return Action{ID: host + state, Host: host, Verb: VerbApply, Ring: "r", Status: Failed, HostState: state, Updates: []plan.ChangeUpdate{{Update: "pkg:x"}}, StartedAt: t0, EndedAt: &t0}
	}
	for _, c := range []struct {
		states []string
		want   bool
	}{{[]string{"untouched"}, true}, {[]string{"partial"}, false}, {[]string{"untouched", "partial"}, false}, {[]string{"partial", "untouched"}, false}} {
		var s State
		for i, state := range c.states {
			a := failed("web-1", state)
			a.ID = fmt.Sprint(i)
			begun := a
			begun.Status, begun.EndedAt = Started, nil
			for _, r := range []Record{{Tenant: "acme", Seq: 2*i + 1, Phase: PhaseIntent, Actions: []Action{begun}, At: t0}, {Tenant: "acme", Seq: 2*i + 2, Phase: PhaseWave, Actions: []Action{a}, At: t0}} {
				s = Reduce(s, r)
			}
		}
		if len(s.Failures) != 1 || s.Failures[0].Untouched != c.want {
			t.Errorf("%v: %+v", c.states, s.Failures)
		}
	}
}
