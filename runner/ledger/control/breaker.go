package control

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/runner/ledger"
)

// Failing counts where one exact update failed, over the ledgers of several tenants.
type Failing struct {
	Update  string
	Hosts   int
	Tenants int
	Newest  time.Time // of those failures
}

// CountFailing counts, for each update, the hosts on which its newest attempt failed; a host is one of its tenant, so
// two of the same name in two tenants are two. What changed nothing on a host is no failure of the update, and what was
// forgiven by a release is none either. The result is sorted by update and does not depend on the order of the states.
func CountFailing(states []ledger.State, released map[string]time.Time) []Failing {
	type place struct{ tenant, host string }
	hosts, newest := map[string]map[place]bool{}, map[string]time.Time{}
	for _, s := range states {
		for _, f := range s.Failures {
			upTo, forgiven := released[f.Update]
			if f.Untouched || forgiven && !f.At.After(upTo) {
				continue
			}
			if hosts[f.Update] == nil {
				hosts[f.Update] = map[place]bool{}
			}
			hosts[f.Update][place{s.Tenant, f.Host}] = true
			if f.At.After(newest[f.Update]) {
				newest[f.Update] = f.At
			}
		}
	}
	var out []Failing
	for update, places := range hosts {
		tenants := map[string]bool{}
		for p := range places {
			tenants[p.tenant] = true
		}
		out = append(out, Failing{Update: update, Hosts: len(places), Tenants: len(tenants), Newest: newest[update]})
	}
	slices.SortFunc(out, func(a, b Failing) int { return cmp.Compare(a.Update, b.Update) })
	return out
}

// Held are the breaks as decisions see them, sorted by update.
func (c Orders) Held() []decision.Break {
	var out []decision.Break
	for _, b := range c.Breaks {
		out = append(out, decision.Break{Update: b.Update, Hosts: b.Hosts, At: b.At})
	}
	slices.SortFunc(out, func(a, b decision.Break) int { return cmp.Compare(a.Update, b.Update) })
	return out
}
