package ledger

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/internal/gitrepo/gittest"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

func TestCountFailing(t *testing.T) {
	f := func(host, update string, minutes int, untouched bool) plan.Failure {
		return plan.Failure{Host: host, Update: update, At: t0.Add(time.Duration(minutes) * time.Minute), Untouched: untouched}
	}
	states := []State{
		{Tenant: "acme", Failures: []plan.Failure{f("web-1", "a", 1, false), f("web-1", "b", 1, false), f("web-2", "a", 9, false), f("web-3", "a", 9, true)}},
		{Tenant: "globex", Failures: []plan.Failure{f("web-1", "a", 5, false)}},
	}
	for name, c := range map[string]struct {
		released map[string]time.Time
		want     []Failing
	}{
		"all":                {nil, []Failing{{"a", 3, 2, t0.Add(9 * time.Minute)}, {"b", 1, 1, t0.Add(time.Minute)}}},
		"some are forgiven":  {map[string]time.Time{"a": t0.Add(5 * time.Minute)}, []Failing{{"a", 1, 1, t0.Add(9 * time.Minute)}, {"b", 1, 1, t0.Add(time.Minute)}}},
		"all of an update":   {map[string]time.Time{"b": t0.Add(time.Hour)}, []Failing{{"a", 3, 2, t0.Add(9 * time.Minute)}}},
		"of another version": {map[string]time.Time{"a2": t0.Add(time.Hour)}, []Failing{{"a", 3, 2, t0.Add(9 * time.Minute)}, {"b", 1, 1, t0.Add(time.Minute)}}},
	} {
		if got := CountFailing(states, c.released); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestCountingHasNoOrder: no order of ledgers and failures changes the count, one more failure never lowers it, and a
// host counts once.
func TestCountingHasNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var states []State
		places := map[string]map[string]bool{}
		for i := range rapid.IntRange(0, 4).Draw(t, "tenants") {
			s := State{Tenant: fmt.Sprint("t", i)}
			for range rapid.IntRange(0, 6).Draw(t, "failures") {
				f := plan.Failure{
					Host: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "host"), Update: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "update"),
					At: t0.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "at")) * time.Minute), Untouched: rapid.Bool().Draw(t, "untouched"),
				}
				s.Failures = append(s.Failures, f)
				if places[f.Update] == nil {
					places[f.Update] = map[string]bool{}
				}
				if !f.Untouched {
					places[f.Update][s.Tenant+"/"+f.Host] = true
				}
			}
			states = append(states, s)
		}
		got := CountFailing(states, nil)
		slices.Reverse(states)
		for i := range states {
			slices.Reverse(states[i].Failures)
		}
		if again := CountFailing(states, nil); !reflect.DeepEqual(got, again) {
			t.Fatalf("%+v, in another order %+v", got, again)
		}
		for _, update := range []string{"x", "y"} {
			n := 0
			if i := slices.IndexFunc(got, func(f Failing) bool { return f.Update == update }); i >= 0 {
				n = got[i].Hosts
			}
			if n != len(places[update]) {
				t.Fatalf("%s failed on %d hosts, want %d", update, n, len(places[update]))
			}
		}
	})
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

// TestOneBreak: a second runner that sees the same failures writes no second break, and a silent remote keeps the breaks.
func TestOneBreak(t *testing.T) {
	s := remotetest.NewSite(t, remotetest.Bare(t))
	here, there := OpenSwitch(s.Repo, remotetest.Quick(), Quorum{}), OpenSwitch(remotetest.NewSite(t, s.Bare).Repo, remotetest.Quick(), Quorum{})
	o := Order{Update: "pkg:deb/debian/openssl@3", Hosts: 3, Tenants: 2, Reason: "it failed", By: "the breaker", At: t0}
	if _, err := here.Break(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if _, err := there.Break(t.Context(), o); !errors.Is(err, ErrStands) {
		t.Errorf("again: %v", err)
	}
	if got := gittest.Run(t, s.Bare, "rev-list", "--count", controlRef); got != "1" {
		t.Errorf("%s orders", got)
	}
	raw, err := s.Repo.ReadFile(gittest.Run(t, s.Bare, "rev-parse", controlRef), haltFile, maxHalt)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := DecodeOrder(raw); err != nil || b.Tenant != Everyone || b.Kind != KindBreak {
		t.Errorf("%+v, %v", b, err)
	}
	s.Down(t)
	c, err := OpenSwitch(s.Repo, remotetest.Quick(), Quorum{}).Known(t.Context())
	if err != nil || len(c.Held()) != 1 || c.Held()[0].Update != o.Update {
		t.Errorf("%+v, %v", c.Held(), err)
	}
}
