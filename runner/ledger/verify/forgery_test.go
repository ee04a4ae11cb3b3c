package verify

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

// forgery is a story with its chain, and who changes it.
type forgery struct {
	*story
	chain []link
}

// at returns the nth record of a phase, counted from 0, to be changed; what follows is written anew.
func (x *forgery) at(phase ledger.Phase, n int) *link {
	i := x.index(phase, n)
	x.chain[i].untouched = false
	return &x.chain[i]
}

func (x *forgery) index(phase ledger.Phase, n int) int {
	for i := range x.chain {
		if x.chain[i].record.Phase == phase {
			if n == 0 {
				return i
			}
			n--
		}
	}
	x.t.Fatalf("no record of phase %s", phase)
	return 0
}

// drop removes a record.
func (x *forgery) drop(phase ledger.Phase, n int) {
	i := x.index(phase, n)
	x.chain = slices.Delete(x.chain, i, i+1)
	x.chain[i].untouched = false
}

// document changes a JSON file of a link and keeps its digest right, if it has one.
func edit[T any](x *forgery, l *link, name string, change func(*T)) {
	x.t.Helper()
	var v T
	if err := json.Unmarshal(l.files[name], &v); err != nil {
		x.t.Fatal(err)
	}
	change(&v)
	raw, err := canonical.Marshal(v)
	if err != nil {
		x.t.Fatal(err)
	}
	if name == inputs.RunFile {
		raw = append(raw, '\n')
	}
	l.files[name] = raw
}

func sealed(x *forgery, l *link, change func(*plan.Plan)) {
	edit(x, l, inputs.PlanFile, func(p *plan.Plan) {
		change(p)
		p.Digest = ""
		digest, err := canonical.Digest(p)
		if err != nil {
			x.t.Fatal(err)
		}
		p.Digest, l.record.Plan = digest, digest
	})
}

// longer lets windows close later than they do.
func longer(p *plan.Plan) {
	for i := range p.Rings {
		for j := range p.Rings[i].Waves {
			if w := &p.Rings[i].Waves[j]; w.Closes != nil {
				later := w.Closes.Add(time.Hour)
				w.Closes = &later
			}
		}
	}
}

func (x *forgery) each(change func(*link)) {
	for i := range x.chain {
		x.chain[i].untouched = false
		change(&x.chain[i])
	}
}

// both changes an action where it is announced and where it ends.
func (x *forgery) both(n int, change func(*ledger.Action)) {
	change(&x.at(ledger.PhaseIntent, n).record.Actions[0])
	change(&x.at(ledger.PhaseWave, n).record.Actions[0])
}

// again repeats a record.
func (x *forgery) again(i int) {
	l := x.chain[i]
	l.untouched = false
	x.chain = slices.Insert(x.chain, i+1, l)
}

// later moves a wave's outcome, and all that follows, to a later time.
func (x *forgery) later(i int, by time.Duration) {
	for ; i < len(x.chain); i++ {
		l := &x.chain[i]
		l.untouched, l.record.At = false, l.record.At.Add(by)
		for j, a := range l.record.Actions {
			if a.EndedAt != nil {
				ended := a.EndedAt.Add(by)
				l.record.Actions[j].StartedAt, l.record.Actions[j].EndedAt = a.StartedAt.Add(by), &ended
			}
		}
	}
}

// looksAt lets a run have judged by an older record.
func (x *forgery) looksAt(l *link, record int) {
	edit(x, l, inputs.RunFile, func(in *inputs.Run) { in.Head = x.chain[record-1].hash })
}

// otherwise moves the first run's occurrence in plan and actions: all agree but the policy.
func (x *forgery) otherwise(opens time.Time) {
	closes := instant("2026-11-17T23:00:00Z")
	change := func(p *plan.Plan) {
		for i, r := range p.Rings {
			for j := range r.Waves {
				p.Rings[i].Waves[j].Opens, p.Rings[i].Waves[j].Closes = opens, &closes
			}
		}
	}
	for n := range 3 {
		x.both(n, func(a *ledger.Action) { a.Opens = opens })
		sealed(x, x.at(ledger.PhaseIntent, n), change)
		x.at(ledger.PhaseWave, n).record.Plan = x.at(ledger.PhaseIntent, n).record.Plan
	}
	x.at(ledger.PhaseEnd, 0).record.Plan = x.at(ledger.PhaseIntent, 0).record.Plan
	for n := range 3 {
		at := instant("2026-11-17T04:00:00Z").Add(time.Duration(n) * 10 * time.Minute)
		x.at(ledger.PhaseIntent, n).record.At = at
		ended := at.Add(5 * time.Minute)
		w := x.at(ledger.PhaseWave, n)
		w.record.At, w.record.Actions[0].StartedAt, w.record.Actions[0].EndedAt = ended, at, &ended
	}
	x.at(ledger.PhaseEnd, 0).record.At = instant("2026-11-17T05:00:00Z")
	x.at(ledger.PhaseNote, 0).record.At = instant("2026-11-17T05:00:00Z")
}

// together lets both hosts of a wave run at once, while a third of the ring is in doubt.
func (x *forgery) together(i int) {
	l := &x.chain[i+1]
	l.untouched = false
	first := l.record.Actions[0]
	for j := range l.record.Actions {
		l.record.Actions[j].StartedAt = first.StartedAt
	}
}
