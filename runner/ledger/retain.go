package ledger

import (
	"maps"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
)

// retention is how long a state remembers an update that no scan lists any more. A snapshot lists what hosts lack and
// what they have of it, so an update is gone when every host has a newer version or is gone itself. The longest soaks
// are weeks; half a year also covers a host that was switched off over a season.
const retention = 180 * 24 * time.Hour

// forget notes at a scan which updates no scan lists any more, and drops what the state knows of those that are gone
// for retention: evidence, failures and when they were first seen. Time is that of records, so that every reader forgets
// the same. What is in doubt or missing at any site stays, and an event starts the time anew. History keeps everything;
// an update that comes back is a new one to its gates: untested, first seen now.
func (x *reducer) forget(seen []string) {
	listed, gone := x.listed(seen), map[string]time.Time{}
	for update, event := range x.newest() {
		if listed[update] {
			continue
		}
		since, known := x.s.GoneSince[update]
		if !known {
			since = x.at
		}
		if x.at.Sub(since) >= x.keep && x.at.Sub(event) >= x.keep {
			x.drop(update)
			continue
		}
		gone[update] = since
	}
	x.s.GoneSince = gone
}

// listed are the updates of this scan, of other sites' latest ones as far as hosts lack them, and those whose attempts
// are still open.
func (x *reducer) listed(seen []string) map[string]bool {
	out := map[string]bool{}
	for _, update := range seen {
		out[update] = true
	}
	for key, hosts := range x.missing {
		if hosts > 0 {
			out[key[2]] = true
		}
	}
	for _, d := range x.doubts {
		for _, update := range d.Updates {
			out[update] = true
		}
	}
	for key := range x.asleep {
		out[key[1]] = true
	}
	return out
}

// newest is the newest event of each update that the state knows of.
func (x *reducer) newest() map[string]time.Time {
	out := maps.Clone(x.s.FirstSeen)
	event := func(update string, at *time.Time) {
		if at != nil && at.After(out[update]) {
			out[update] = *at
		}
	}
	for _, e := range x.s.Evidence {
		event(e.Update, e.FirstAt)
		event(e.Update, e.SucceededAt)
	}
	for key, f := range x.failures {
		event(key[1], &f.At)
	}
	return out
}

func (x *reducer) drop(update string) {
	delete(x.s.FirstSeen, update)
	maps.DeleteFunc(x.failures, func(key [2]string, _ plan.Failure) bool { return key[1] == update })
	x.dropped[update] = true
}
