package ledger

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
)

// installed is the hostState of an action that has everything installed, whatever else went wrong.
const installed = "done"

// rebooted takes what became of a reboot into the state. One that was skipped was no try.
func (x *reducer) rebooted(d plan.InDoubt, a Action, ended time.Time) {
	if a.Status == Skipped {
		return
	}
	was := x.reboots[d.Host]
	now := plan.Rebooted{Host: d.Host, Ring: d.Ring, At: ended, Times: was.Times + 1}
	if a.Status == Succeeded {
		x.wake(d.Host, ended)
	} else if now.Failed = was.Failed + 1; was.Failed > 0 {
		now.Before = &was.At
	}
	x.reboots[d.Host] = now
}

// sleep keeps an update that is installed in mind until its host is rebooted.
func (x *reducer) sleep(d plan.InDoubt, update, platform string) {
	x.asleep[[2]string{d.Host, update}] = Asleep{Host: d.Host, Ring: d.Ring, Update: update, Platform: platform, Canary: slices.Contains(d.Canary, update)}
}

// wake makes successes of what is asleep on a host. A failure to reboot it is made good with that.
func (x *reducer) wake(host string, at time.Time) {
	for _, key := range x.sleeping(host) {
		a := x.asleep[key]
		delete(x.asleep, key)
		if f, ok := x.failures[key]; ok {
			delete(x.failures, key)
			if e := x.row(f.Ring, a.Update); e.Failed > 0 {
				e.Failed--
				e.Attempted--
			}
			e := x.row(a.Ring, a.Update)
			e.Attempted++
			e.InDoubt++
		}
		x.succeed(a.Ring, a.Update, a.Platform, at, at)
		if a.Canary {
			x.sang(a.Ring, a.Update, host, at)
		}
	}
}

// sleeping lists what is asleep on a host, in order.
func (x *reducer) sleeping(host string) [][2]string {
	var out [][2]string
	for key := range x.asleep {
		if key[0] == host {
			out = append(out, key)
		}
	}
	slices.SortFunc(out, func(a, b [2]string) int { return cmp.Compare(a[1], b[1]) })
	return out
}

// forgetAsleep takes the attempt back whose update is asleep on a host, and reports whether it was still open: an
// installation begins anew, or the update turned out bad.
func (x *reducer) forgetAsleep(host, update string) (open bool) {
	key := [2]string{host, update}
	a, ok := x.asleep[key]
	if !ok {
		return false
	}
	delete(x.asleep, key)
	if _, failed := x.failures[key]; failed {
		return false
	}
	e := x.row(a.Ring, update)
	e.InDoubt--
	e.Attempted--
	return true
}

// finishReboots writes the lists of a state; they are nil when empty, as a decoded state's are.
func (x *reducer) finishReboots() {
	x.s.Reboots = slices.SortedFunc(maps.Values(x.reboots), func(a, b plan.Rebooted) int { return cmp.Compare(a.Host, b.Host) })
	x.s.Asleep = slices.SortedFunc(maps.Values(x.asleep), func(a, b Asleep) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Update, b.Update))
	})
}
