package control

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
	_ "github.com/ringfence/ringfence/internal/sameseed"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

func TestCountFailing(t *testing.T) {
	f := func(host, update string, minutes int, untouched bool) plan.Failure {
		return plan.Failure{Host: host, Update: update, At: t0.Add(time.Duration(minutes) * time.Minute), Untouched: untouched}
	}
	states := []ledger.State{
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
		var states []ledger.State
		places := map[string]map[string]bool{}
		for i := range rapid.IntRange(0, 4).Draw(t, "tenants") {
			s := ledger.State{Tenant: fmt.Sprint("t", i)}
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

// TestOneBreak: a second runner that sees the same failures writes no second break, and a silent remote keeps the breaks.
func TestOneBreak(t *testing.T) {
	s := remotetest.NewSite(t, remotetest.Bare(t))
	here, there := Open(s.Repo, remotetest.Quick(), Quorum{}), Open(remotetest.NewSite(t, s.Bare).Repo, remotetest.Quick(), Quorum{})
	o := Order{Update: "pkg:deb/debian/openssl@3", Hosts: 3, Tenants: 2, Reason: "it failed", By: "the breaker", At: t0}
	if _, err := here.Break(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if _, err := there.Break(t.Context(), o); !errors.Is(err, ErrStands) {
		t.Errorf("again: %v", err)
	}
	if got := gittest.Run(t, s.Bare, "rev-list", "--count", ref); got != "1" {
		t.Errorf("%s orders", got)
	}
	raw, err := s.Repo.ReadFile(gittest.Run(t, s.Bare, "rev-parse", ref), file, maxFile)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := Decode(raw); err != nil || b.Tenant != Everyone || b.Kind != Break {
		t.Errorf("%+v, %v", b, err)
	}
	s.Down(t)
	c, err := Open(s.Repo, remotetest.Quick(), Quorum{}).Known(t.Context())
	if err != nil || len(c.Held()) != 1 || c.Held()[0].Update != o.Update {
		t.Errorf("%+v, %v", c.Held(), err)
	}
}
