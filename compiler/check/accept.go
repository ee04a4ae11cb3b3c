package check

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// Acceptable lists the findings that a policy may accept: those that keep no tenant from being planned.
var Acceptable = []diag.Code{
	diag.OverlappingRings, diag.HostInNoRing, diag.EmptyRing, diag.NothingAhead, diag.ClockJumps, diag.Expired,
	diag.UnknownLabel, diag.StuckGroup, diag.SplitGroup, diag.WrongSequence,
	diag.Shadowed, diag.EndsSoon, diag.NeverReached, diag.PoolTooSmall, diag.NeverMatches, diag.FrozenOut, diag.GateOnDisabled, diag.SameAddress,
}

// Accept parts what was found in tenants, at an instant, into what counts and what all the tenants concerned have
// accepted. To what counts it adds what is to say of the acceptances: those that are over, and those that nothing needs.
// One in a baseline is needed if any tenant needs it. Both lists are sorted; the one that is given stays as it is.
func Accept(tenants []*policy.Tenant, found diag.List, at time.Time) (open, accepted diag.List) {
	desk := newDesk(tenants, at)
	for _, d := range found {
		desk.saw(d)
		var by *diag.Accepted
		left := slices.DeleteFunc(slices.Clone(d.Tenants), func(name string) bool {
			a := desk.accepts(name, d)
			by = cmp.Or(a, by)
			return a != nil
		})
		if by != nil && len(left) == 0 {
			d.Accepted = by
			accepted = append(accepted, d)
			continue
		}
		d.Tenants = left
		open = append(open, d)
	}
	return append(open, desk.remarks()...).Tidy(), accepted.Tidy()
}

// desk holds the acceptances of all tenants, and what became of them.
type desk struct {
	at    time.Time
	lines map[string][]*line
	order []*line
	used  map[[2]string]bool // by source and finding
	found map[[2]string]bool // by tenant and code
}

// line is one acceptance of one tenant.
type line struct {
	policy.Acceptance
	tenant string
	over   bool
	missed bool // it is over and would have been needed
}

func newDesk(tenants []*policy.Tenant, at time.Time) *desk {
	out := &desk{at: at, lines: map[string][]*line{}, used: map[[2]string]bool{}, found: map[[2]string]bool{}}
	for _, t := range tenants {
		for _, a := range t.Accepts {
			l := &line{Acceptance: a, tenant: t.Name, over: over(t, a.Expires, at)}
			out.lines[t.Name], out.order = append(out.lines[t.Name], l), append(out.order, l)
		}
	}
	return out
}

// over reports whether an end has come. One that cannot be read accepts nothing.
func over(t *policy.Tenant, end string, at time.Time) bool {
	loc, err := window.Zone(t.Timezone)
	if err != nil {
		return true
	}
	ends, err := window.End(end, loc)
	return err != nil || !at.Before(ends)
}

// accepts returns the tenant's acceptance of a finding, or nil.
func (k *desk) accepts(tenant string, d diag.Diagnostic) *diag.Accepted {
	if !slices.Contains(Acceptable, d.Code) {
		return nil
	}
	for _, l := range k.lines[tenant] {
		if !l.covers(d) {
			continue
		}
		k.used[l.key()] = true
		if l.over {
			l.missed = true
			continue
		}
		return &diag.Accepted{Reason: l.Reason, Expires: l.Expires, Source: l.Source}
	}
	return nil
}

// covers reports whether an acceptance speaks of a finding: it names no field, that field or one around it.
func (l *line) covers(d diag.Diagnostic) bool {
	return string(d.Code) == l.Code && (l.Path == "" || d.Path == l.Path || strings.HasPrefix(d.Path, l.Path+"."))
}

func (l *line) key() [2]string { return [2]string{l.Source, l.Name()} }

// saw notes what there is.
func (k *desk) saw(d diag.Diagnostic) {
	for _, t := range d.Tenants {
		k.found[[2]string{t, string(d.Code)}] = true
	}
}

// hidden reports whether another finding stands in for those that an acceptance is for: while hosts are in no ring, empty
// rings are not spoken of.
func (k *desk) hidden(l *line) bool {
	return l.Code == string(diag.EmptyRing) && k.found[[2]string{l.tenant, string(diag.HostInNoRing)}]
}

func (k *desk) remarks() diag.List {
	var out diag.List
	for _, l := range k.order {
		var d diag.Diagnostic
		switch {
		case l.missed:
			d = diag.Note(diag.AcceptanceOver, "%s counts again: it was accepted until %s (%s)", l.Name(), l.Expires, l.Reason).
				WithFix("mend it, or accept it anew with a later expires")
		case !k.used[l.key()] && !k.hidden(l):
			d = diag.New(diag.NothingAccepted, "nothing needs this: there is no finding %s", l.Name()).WithFix("remove the line")
			d.Severity = diag.Warning
		default:
			continue
		}
		d.Tenants = []string{l.tenant}
		out = append(out, d.At(diag.ParsePlace(l.Source)).About("accept", l.Name()))
	}
	return out
}
