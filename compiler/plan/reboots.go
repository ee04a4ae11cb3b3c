package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

// rebootOnly plans the reboot of a host that asks for one and is in no wave that gives it one. It goes into the
// occurrence's waves like any other change, so it shares the ring's budget.
func (b *build) rebootOnly(m member) {
	lane, ok := b.rebootLane(m)
	if !m.host.RebootPending || !ok {
		return
	}
	t, rota := b.part(m.ring, lane), b.rebootRota(m.ring, lane, m.zone)
	tried := b.reboots[m.host.Name]
	until, looping := tried.Looping(b.At)
	switch {
	case b.doubt[m.host.Name]:
		t.awaitReboot(m.host.Name, ForHold, decision.Reason{
			Code: decision.ReasonHostInDoubt, Msg: "an action was started on the host and nobody knows how it ended; nothing more starts there until that is settled",
		})
		return
	case looping:
		t.awaitReboot(m.host.Name, ForHold, decision.Reason{
			Code: decision.ReasonRebootLoop, Until: &until,
			Msg: fmt.Sprintf("it was rebooted %d times in a row and still asks for it: look at the host; nothing reboots it before %s", tried.Failed, stamp(until)),
		})
		return
	}
	spot := b.calendar.find(rota, nil, b.retryReboot(tried, rota))
	if !spot.open {
		t.awaitReboot(m.host.Name, spot.cause, spot.reason)
		return
	}
	if why, ok := b.stuck[m.host.Name]; ok {
		t.awaitReboot(m.host.Name, ForBudget, why)
		return
	}
	if t.changes(m.host.Name, spot.occurrence.Opens) {
		t.awaitReboot(m.host.Name, ForWindow, decision.Reason{
			Code: decision.ReasonWaitWindow, Msg: "it is changed in this opening of " + spot.occurrence.Window + "; it is rebooted once that is done",
		})
		return
	}
	k := t.bucket(spot.occurrence, false)
	k.hosts = append(k.hosts, hostSet{m.host.Name, b.sets.id(nil)})
	b.mayBoot++
}

// changes reports whether the host that was placed last goes at that instant already: none goes twice in one occurrence.
func (t *part) changes(host string, opens time.Time) bool {
	for _, k := range t.buckets {
		if n := len(k.hosts); n > 0 && k.hosts[n-1].host == host && k.occurrence.Opens.Equal(opens) {
			return true
		}
	}
	return false
}

// retryReboot returns when a host may be rebooted: one try in an occurrence. A try that put the reboot off is noted.
func (b *build) retryReboot(tried Rebooted, r rota) time.Time {
	if tried.Failed == 0 {
		return b.At
	}
	from := b.calendar.retry(r, tried.At)
	if !from.After(b.At) {
		return b.At
	}
	b.putOff = append(b.putOff, tried)
	return from
}

// rebootLane is the lane whose rule reboots a host by itself: the default one where the ring does. Otherwise one whose
// own rule does, if an update of that lane is installed that may ask for it.
func (b *build) rebootLane(m member) (lane int, ok bool) {
	if b.rings[m.ring].Reboot == policy.RebootIfRequired {
		return 0, true
	}
	for l, x := range b.lanes {
		if x == nil || x.Reboot != policy.RebootIfRequired || ok && x.Priority <= b.lanes[lane].Priority {
			continue
		}
		if slices.ContainsFunc(m.host.Installed, func(i inventory.Installed) bool { return b.asksIn(x, i.Update) }) {
			lane, ok = l, true
		}
	}
	return lane, ok
}

// asksIn reports whether an update is of a lane and may ask for a reboot.
func (b *build) asksIn(l *policy.Lane, update int) bool {
	if update < 0 || update >= len(b.Snapshot.Updates) || b.Snapshot.Updates[update].Reboot == "no" {
		return false
	}
	of := decision.LaneOf(b.Policy, b.Answers[update])
	return of != nil && of.Name == l.Name
}

// reboot is the rule of installations. Where reboots have their window, none of them reboots, but for a lane that says
// so itself.
func (b *build) reboot(ring, lane int) policy.Reboot {
	return policy.RebootOf(b.rings[ring], b.lanes[lane])
}

// awaitReboot adds a host to those that wait for the same.
func (t *part) awaitReboot(host string, cause WaitFor, why decision.Reason) {
	for i, w := range t.reboots {
		if w.For == cause && w.Reasons[0].Msg == why.Msg {
			t.reboots[i].Hosts = append(w.Hosts, host)
			return
		}
	}
	t.reboots = append(t.reboots, RebootWaiting{Hosts: []string{host}, For: cause, Until: why.Until, Reasons: []decision.Reason{why}})
}
