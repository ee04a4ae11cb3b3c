package command

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// touched are the places of policy that tests have had a say with: rules and lanes that matched, freezes that held an
// update or let it pass, Rego rules that came true.
type touched map[string]bool

// untouched is one part of the policy that no test touches.
type untouched struct {
	Kind   string `json:"kind"` // rule, lane, freeze, rego
	Name   string `json:"name"`
	Source string `json:"source"`
}

// note adds what a scenario touches. A policy of the baseline is one thing for all tenants: its place counts.
func (t touched) note(p *policy.Tenant, at time.Time, answers []decision.Answer, made *plan.Plan) {
	inForce := t.inForce(p, at)
	for _, a := range answers {
		for _, g := range a.Grants {
			t[g.Source] = true
		}
		for _, b := range a.Blocks {
			t[b.Source] = true
		}
		for _, l := range p.Lanes {
			t[l.Source] = t[l.Source] || slices.Contains(a.Lanes, l.Name)
		}
		for _, f := range p.Freezes {
			t[f.Source] = t[f.Source] || inForce[f.Name] && slices.Contains(a.Freezes, f.Name)
		}
	}
	for _, r := range made.Rings {
		for _, w := range r.Waiting {
			for _, why := range w.Reasons {
				t[why.Source] = true
			}
		}
	}
}

// inForce names the freezes that hold at an instant, for any host.
func (t touched) inForce(p *policy.Tenant, at time.Time) map[string]bool {
	out := map[string]bool{}
	for _, host := range append([]string{""}, hostZones(p)...) {
		list, err := window.Freezes(p, host, at, at.Add(time.Second))
		if err != nil {
			continue // that of hosts whose zone nobody knows
		}
		for _, f := range list {
			if !at.Before(f.Starts) && at.Before(f.Ends) {
				out[f.Freeze] = true
			}
		}
	}
	return out
}

// untested lists what no test touches, by place.
func (t touched) untested(set *policy.Set, rego []decide.TestedRule) []untouched {
	var all []untouched
	for _, p := range set.Tenants {
		for _, r := range p.Rules {
			all = append(all, untouched{"rule", r.Name, r.Source})
		}
		if p.Otherwise != nil {
			all = append(all, untouched{"rule", p.Otherwise.Name, p.Otherwise.Source})
		}
		for _, l := range p.Lanes {
			all = append(all, untouched{"lane", l.Name, l.Source})
		}
		for _, f := range p.Freezes {
			all = append(all, untouched{"freeze", f.Name, f.Source})
		}
	}
	for _, r := range rego {
		if !r.Touched {
			all = append(all, untouched{"rego", r.Name, r.Source})
		}
	}
	all = slices.DeleteFunc(all, func(u untouched) bool { return t[u.Source] })
	slices.SortFunc(all, func(a, b untouched) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	return slices.Compact(all)
}
