package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// Difference is one way in which a change that is due is no longer what the plan says, with everything it touches.
type Difference struct {
	What    What
	Hosts   []string // sorted
	Updates []string // sorted purls
	Words   string   // what was and what is, without the hosts and updates
}

// What names a kind of difference.
type What string

// The kinds of difference.
const (
	WhatTenant      What = "tenant"      // the plan is another tenant's
	WhatQuarantined What = "quarantined" // the policy no longer puts the host into one ring
	WhatGone        What = "gone"        // policy or snapshot no longer have the host, or the host no longer lacks the update
	WhatRejected    What = "rejected"
	WhatWaiting     What = "waiting"
	WhatLater       What = "later"  // planned, but for another occurrence
	WhatRing        What = "ring"   // in another ring or lane
	WhatWindow      What = "window" // the same ring, another occurrence is open
	WhatFrom        What = "from"   // the host has another version now
	WhatReboot      What = "reboot"
	WhatCanary      What = "canary" // it goes before the others of its ring, or no longer does
)

// Stale compares what old says is due at an instant with fresh, a plan of the same tenant made at that instant from
// the snapshot snap. No difference means that carrying out old's due waves is still what policy wants.
//
// These are no differences: whatever is not due now; an update that is due in fresh alone (old does less, the next
// plan does the rest); an update that the host has by now, so that a second apply changes nothing; a host that cannot
// be reached, was not fully scanned, is quarantined by the scan or in doubt, and an update that failed in this
// occurrence already: the run must leave those out, which touches nobody else. A reboot of old that fresh has together
// with updates, which became due since, is the same reboot.
func Stale(old, fresh *Plan, snap *inventory.Snapshot, at time.Time) []Difference {
	if old.Tenant != fresh.Tenant {
		return []Difference{{What: WhatTenant, Words: fmt.Sprintf("the plan is of tenant %s, not of %s", old.Tenant, fresh.Tenant)}}
	}
	was, is := duties(old, at), duties(fresh, at)
	c := comparison{fresh: fresh, snap: snap, is: is, joined: joined(fresh, at), skipped: skipped(fresh, snap), found: map[[2]string]*Difference{}}
	for id, d := range was {
		if !c.skipped[task{id.host, ""}] && !c.skipped[id] {
			c.compare(id, d)
		}
	}
	return c.list()
}

// task is one update on one host; an empty update stands for all of them.
type task struct{ host, update string }

// rebootTask stands for the reboot of a change that is nothing else; no purl is called so.
const rebootTask = "its reboot"

// duty is how and when a task is to be done.
type duty struct {
	ring, lane string
	wave       Wave
	from       string
	canary     bool
	reboot     policy.Reboot
}

func duties(p *Plan, at time.Time) map[task]duty {
	out := map[task]duty{}
	for _, d := range Due(p, at) {
		c := p.Changes[d.Change]
		for _, h := range d.Hosts {
			for _, u := range c.Updates {
				out[task{h, u.Update}] = duty{d.Ring, d.Lane, d.Wave, u.From, u.Canary, c.Reboot}
			}
			if len(c.Updates) == 0 {
				out[task{h, rebootTask}] = duty{d.Ring, d.Lane, d.Wave, "", false, c.Reboot}
			}
		}
	}
	return out
}

// joined are the reboots that changes with updates bring along, by host. Their lane is that of the updates.
func joined(p *Plan, at time.Time) map[string]duty {
	out := map[string]duty{}
	for _, d := range Due(p, at) {
		if c := p.Changes[d.Change]; len(c.Updates) > 0 && c.Reboot == policy.RebootIfRequired {
			for _, h := range d.Hosts {
				out[h] = duty{ring: d.Ring, lane: d.Lane, wave: d.Wave, reboot: c.Reboot}
			}
		}
	}
	return out
}

// skipped are the tasks that a run leaves out without being stale.
func skipped(fresh *Plan, snap *inventory.Snapshot) map[task]bool {
	out := map[task]bool{}
	for _, h := range fresh.Unreachable {
		out[task{h, ""}] = true
	}
	for _, d := range fresh.InDoubt {
		out[task{d.Host, ""}] = true
	}
	for _, f := range fresh.Failed {
		out[task{f.Host, f.Update}] = true
	}
	for _, r := range fresh.Rebooted {
		out[task{r.Host, rebootTask}] = true
	}
	for _, h := range snap.Hosts {
		if h.State != inventory.Scanned {
			out[task{h.Name, ""}] = true
		}
		if !h.RebootPending {
			out[task{h.Name, rebootTask}] = true
		}
		for _, i := range h.Installed {
			if i.Update >= 0 && i.Update < len(snap.Updates) {
				out[task{h.Name, snap.Updates[i.Update].PURL}] = true
			}
		}
	}
	return out
}

type comparison struct {
	fresh   *Plan
	snap    *inventory.Snapshot
	is      map[task]duty
	joined  map[string]duty
	skipped map[task]bool
	fates   *fates // lazily: most plans are not stale
	found   map[[2]string]*Difference
}

func (c *comparison) compare(id task, was duty) {
	is, ok := c.is[id]
	if !ok && id.update == rebootTask {
		is, ok = c.joined[id.host]
		was.lane = is.lane
	}
	switch {
	case !ok:
		f := c.fate(id)
		c.add(f.what, f.words, id)
	case was.ring != is.ring || was.lane != is.lane:
		c.add(WhatRing, fmt.Sprintf("was in ring %s, lane %s; is in ring %s, lane %s", was.ring, was.lane, is.ring, is.lane), id)
	case !sameOccurrence(was.wave, is.wave):
		c.add(WhatWindow, fmt.Sprintf("ring %s: the window was %s; it is %s", was.ring, was.wave.words(), is.wave.words()), id)
	case was.from != is.from:
		c.add(WhatFrom, "the host has another version than the plan says", id)
	case was.canary != is.canary:
		c.add(WhatCanary, fmt.Sprintf("ring %s: the hosts that go first are others now", was.ring), id)
	case was.reboot != is.reboot:
		c.add(WhatReboot, fmt.Sprintf("ring %s: reboot was %s; it is %s", was.ring, was.reboot, is.reboot), id)
	}
}

// sameOccurrence compares windows. What is always open has no opening of its own, so its ends are compared.
func sameOccurrence(a, b Wave) bool {
	if a.Window != b.Window || compareCloses(a.Closes, b.Closes) != 0 {
		return false
	}
	return a.Closes == nil || a.Opens.Equal(b.Opens)
}

func (w Wave) words() string {
	return w.Window + ", " + window.Words(window.Occurrence{Window: w.Window, Opens: w.Opens, Closes: w.Closes}, time.UTC)
}

func (c *comparison) add(what What, words string, id task) {
	key := [2]string{string(what), words}
	d := c.found[key]
	if d == nil {
		d = &Difference{What: what, Words: words}
		c.found[key] = d
	}
	d.Hosts, d.Updates = append(d.Hosts, id.host), append(d.Updates, id.update)
}

func (c *comparison) list() []Difference {
	var out []Difference
	for _, d := range c.found {
		slices.Sort(d.Hosts)
		slices.Sort(d.Updates)
		d.Hosts, d.Updates = slices.Compact(d.Hosts), slices.Compact(d.Updates)
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Words, b.Words))
	})
	return out
}

func (c *comparison) fate(id task) fate {
	if c.fates == nil {
		c.fates = newFates(c.fresh, c.snap)
	}
	return c.fates.of(id)
}

// String is one line for people.
func (d Difference) String() string {
	if len(d.Hosts) == 0 {
		return d.Words
	}
	return fmt.Sprintf("%s (%s; %s)", d.Words, several(d.Hosts, "host"), several(d.Updates, "update"))
}

func several(list []string, noun string) string {
	switch n := len(list); {
	case n == 1:
		return list[0]
	case n <= 3:
		return strings.Join(list, ", ")
	default:
		return fmt.Sprintf("%d %ss", n, noun)
	}
}
