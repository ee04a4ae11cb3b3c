package ledger

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/internal/canonical"
)

// rank orders what one record says of one action: first that it began, then its worst outcome, which then stands.
var rank = map[Status]int{Started: 0, InDoubt: 1, Failed: 2, Succeeded: 3, Skipped: 4}

// untouched is the host state of an action that changed nothing.
const untouched = "untouched"

// inOrder sorts actions by when the earliest of their id started, so that a retry follows what it retries.
func inOrder(actions []Action) []Action {
	first := map[string]time.Time{}
	for _, a := range actions {
		if t, ok := first[a.ID]; !ok || a.StartedAt.Before(t) {
			first[a.ID] = a.StartedAt
		}
	}
	sorted := slices.Clone(actions)
	slices.SortFunc(sorted, func(a, b Action) int {
		if c := cmp.Or(first[a.ID].Compare(first[b.ID]), cmp.Compare(a.ID, b.ID), cmp.Compare(rank[a.Status], rank[b.Status])); c != 0 {
			return c
		}
		return cmp.Compare(encoded(a), encoded(b))
	})
	return sorted
}

func encoded(a Action) string {
	raw, _ := json.Marshal(a) // an Action always encodes
	return string(raw)
}

// action takes one action into the state.
func (x *reducer) action(a Action) {
	switch a.Status {
	case Started:
		if a.Verb == VerbApply || a.Verb == VerbReboot || a.Verb == VerbHook {
			x.announce(a)
		}
	case InDoubt: // it is since it was announced
	case Succeeded, Failed, Skipped:
		if a.ID == x.settled {
			return // one record, one outcome
		}
		x.settled = a.ID
		x.settle(a)
	}
}

// announce puts an action in doubt: from here on it may have started. One that is in doubt already stays so.
func (x *reducer) announce(a Action) {
	if _, ok := x.doubts[a.ID]; ok {
		return
	}
	d := plan.InDoubt{ID: a.ID, Host: a.Host, Ring: a.Ring, Updates: []string{}, Since: canonical.Instant(a.StartedAt)}
	switch a.Verb {
	case VerbApply:
		d.Updates, d.Canary = purls(a.Updates), canaryOf(a)
		x.occurred(a, 1)
		x.caught(a, true)
	case VerbReboot:
		d.Verb, d.Boot = string(VerbReboot), a.BootBefore
	case VerbAcquire, VerbHook, VerbHealth:
	}
	for _, u := range d.Updates {
		x.begin(d, u)
	}
	x.doubts[a.ID] = d
}

// begin counts an attempt. A retry is no new attempt: it takes the failure back, from the ring where it happened.
func (x *reducer) begin(d plan.InDoubt, update string) {
	x.forgetAsleep(d.Host, update)
	if f, ok := x.failures[[2]string{d.Host, update}]; ok {
		if e := x.row(f.Ring, update); e.Failed > 0 {
			e.Failed--
			e.Attempted--
		}
	}
	e := x.row(d.Ring, update)
	e.Attempted++
	e.InDoubt++
}

// unbegin takes an attempt back that never started; a failure that it was to make good stands again.
func (x *reducer) unbegin(d plan.InDoubt, update string) {
	e := x.row(d.Ring, update)
	e.InDoubt--
	e.Attempted--
	if f, ok := x.failures[[2]string{d.Host, update}]; ok {
		e := x.row(f.Ring, update)
		e.Failed++
		e.Attempted++
	}
}

// settle gives an action its outcome. What was announced counts, not what the outcome lists, and only the first outcome
// does: a runner that was overtaken may come late with another one for what its successor settled, and a host must not
// become two in the evidence.
func (x *reducer) settle(a Action) {
	started, ended := x.times(a)
	if a.Status != Skipped {
		x.took(a.Verb, ended.Sub(started))
	}
	d, ok := x.doubts[a.ID]
	if !ok {
		return
	}
	delete(x.doubts, a.ID)
	if a.Status == Skipped && len(d.Updates) > 0 {
		x.occurred(a, -1)
		x.caught(a, false)
	}
	if a.Verb == VerbReboot {
		x.rebooted(d, a, ended)
	}
	for _, u := range d.Updates {
		switch a.Status {
		case Skipped:
			x.unbegin(d, u)
		case Succeeded:
			x.missing[[3]string{x.site, d.Ring, u}]-- // countMissing drops what falls below one
			delete(x.failures, [2]string{d.Host, u})
			if a.AwaitsReboot {
				x.sleep(d, u, a.Platform)
				continue
			}
			x.succeed(d.Ring, u, a.Platform, started, ended)
			if slices.Contains(d.Canary, u) {
				x.sang(d.Ring, u, d.Host, ended)
			}
		default:
			x.fail(d, u, a, ended)
			if a.HostState == installed && len(a.Unhealthy) == 0 {
				x.sleep(d, u, a.Platform)
			}
		}
	}
}

func (x *reducer) succeed(ring, update, platform string, started, ended time.Time) {
	x.unlooked(ring, update)
	e := x.row(ring, update)
	e.InDoubt--
	e.Succeeded++
	e.FirstAt, e.SucceededAt = older(e.FirstAt, started), newer(e.SucceededAt, ended)
	on(e, platform)
}

func (x *reducer) fail(d plan.InDoubt, update string, a Action, ended time.Time) {
	started, _ := x.times(a)
	e := x.row(d.Ring, update)
	e.InDoubt--
	e.Failed++
	e.FirstAt = older(e.FirstAt, started)
	key := [2]string{d.Host, update}
	last, again := x.failures[key]
	x.failures[key] = plan.Failure{
		Host: d.Host, Ring: d.Ring, Update: update, At: ended, Times: last.Times + 1, Reason: a.Reason,
		Untouched: a.HostState == untouched && (!again || last.Untouched),
		Canary:    x.silenced(d.Ring, update, d.Host) || slices.Contains(d.Canary, update) || last.Canary,
	}
}

// late takes a success back: the update turned out bad on a host after it had been installed. A host that failed
// already stays one failure.
func (x *reducer) late(a Action) {
	if a.Verb != VerbApply || a.Status != Failed {
		return
	}
	for _, u := range purls(a.Updates) {
		key := [2]string{a.Host, u}
		_, known := x.failures[key]
		canary := x.silenced(a.Ring, u, a.Host) || x.asleep[key].Canary || x.failures[key].Canary
		open := x.forgetAsleep(a.Host, u)
		switch e := x.row(a.Ring, u); {
		case known:
		case open || e.Succeeded == 0:
			e.Attempted++
			e.Failed++
		default:
			e.Succeeded--
			e.Failed++
			off(e, a.Platform)
		}
		_, ended := x.times(a)
		x.failures[key] = plan.Failure{Host: a.Host, Ring: a.Ring, Update: u, At: ended, Times: x.failures[key].Times + 1, Reason: a.Reason, Canary: canary}
	}
}

// times are an action's start and end; an end that nobody noted is the record's.
func (x *reducer) times(a Action) (started, ended time.Time) {
	started, ended = canonical.Instant(a.StartedAt), x.at
	if a.EndedAt != nil {
		ended = canonical.Instant(*a.EndedAt)
	}
	return started, ended
}

func (x *reducer) took(verb Verb, d time.Duration) {
	if seconds := int(d / time.Second); seconds > x.s.Durations[string(verb)] {
		x.s.Durations[string(verb)] = seconds
	}
}

// occurred counts a host of a window occurrence, or takes it back.
func (x *reducer) occurred(a Action, n int) {
	opens := canonical.Instant(a.Opens)
	i := slices.IndexFunc(x.s.Occurrences, func(o Occurrence) bool {
		return o.Ring == a.Ring && o.Lane == a.Lane && o.Window == a.Window && o.Opens.Equal(opens)
	})
	switch {
	case a.Window == "" || (i < 0 && n < 0):
	case i < 0:
		x.s.Occurrences = append(x.s.Occurrences, Occurrence{Ring: a.Ring, Lane: a.Lane, Window: a.Window, Opens: opens, Hosts: n})
	default:
		x.s.Occurrences[i].Hosts += n
		if x.s.Occurrences[i].Hosts <= 0 {
			x.s.Occurrences = slices.Delete(x.s.Occurrences, i, i+1)
		}
	}
}

func purls(updates []plan.ChangeUpdate) []string {
	out := make([]string, 0, len(updates))
	for _, u := range updates {
		out = append(out, u.Update)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func older(t *time.Time, u time.Time) *time.Time {
	if t == nil || u.Before(*t) {
		return &u
	}
	return t
}

func newer(t *time.Time, u time.Time) *time.Time {
	if t == nil || u.After(*t) {
		return &u
	}
	return t
}
