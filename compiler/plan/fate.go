package plan

import (
	"fmt"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

// fate is what became of something that is no longer due.
type fate struct {
	what  What
	words string
}

// fates knows what a plan says of everything in it, due or not.
type fates struct {
	tasks   map[task]fate
	hosts   map[string]fate
	scanned map[string]bool
}

func newFates(p *Plan, snap *inventory.Snapshot) *fates {
	f := &fates{map[task]fate{}, map[string]fate{}, map[string]bool{}}
	for _, h := range snap.Hosts {
		f.scanned[h.Name] = true
	}
	for _, q := range p.Quarantined {
		f.hosts[q.Host] = fate{WhatQuarantined, q.Reason}
	}
	for _, h := range p.Ignored {
		f.hosts[h] = fate{WhatGone, "the policy no longer has the host"}
	}
	for _, r := range p.Rings {
		f.ring(r, p.Changes)
	}
	return f
}

func (f *fates) ring(r Ring, changes []Change) {
	for _, w := range r.Waves {
		now := fate{WhatLater, fmt.Sprintf("ring %s: it is planned for %s", r.Ring, w.words())}
		for _, u := range changes[w.Change].Updates {
			f.set(w.Hosts, u.Update, now)
		}
		if len(changes[w.Change].Updates) == 0 || changes[w.Change].Reboot == policy.RebootIfRequired {
			f.set(w.Hosts, rebootTask, now)
		}
	}
	for _, w := range r.Waiting {
		f.set(w.Hosts, w.Update, fate{WhatWaiting, fmt.Sprintf("ring %s: it waits for %s", r.Ring, w.For) + why(w.Reasons)})
	}
	for _, w := range r.Reboots {
		f.set(w.Hosts, rebootTask, fate{WhatWaiting, fmt.Sprintf("ring %s: it waits for %s", r.Ring, w.For) + why(w.Reasons)})
	}
	for _, w := range r.Rejected {
		f.set(w.Hosts, w.Update, fate{WhatRejected, fmt.Sprintf("ring %s: it is rejected", r.Ring) + why(w.Reasons)})
	}
}

func (f *fates) set(hosts []string, update string, now fate) {
	for _, h := range hosts {
		f.tasks[task{h, update}] = now
	}
}

func (f *fates) of(id task) fate {
	if now, ok := f.hosts[id.host]; ok {
		return now
	}
	if now, ok := f.tasks[id]; ok {
		return now
	}
	if !f.scanned[id.host] {
		return fate{WhatGone, "the last scan does not have the host"}
	}
	if id.update == rebootTask {
		return fate{WhatReboot, "the policy no longer reboots the host by itself"}
	}
	return fate{WhatGone, "the last scan no longer offers the update"}
}

// why is the first reason, the one that ends last.
func why(reasons []decision.Reason) string {
	if len(reasons) == 0 {
		return ""
	}
	return ": " + reasons[0].Msg
}
