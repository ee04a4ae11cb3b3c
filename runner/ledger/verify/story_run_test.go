package verify

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
	"github.com/ringfence/ringfence/runner/ledger/evidence"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

// plan is what the ledger's newest state and snapshot lead to.
func (s *story) plan() (*plan.Plan, decision.Evidence) {
	snap, err := s.ledger.Snapshot(context.Background(), s.head, "main")
	if err != nil {
		s.t.Fatal(err)
	}
	known := evidence.Extract(s.head.State, map[string]ledger.State{"msp-lab": s.lab.State}, s.tenant)
	answers, err := s.decide(context.Background(), s.tenant, asked(s.tenant), nil, snap.Updates)
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := plan.Build(plan.Input{
		At: s.now, Policy: s.tenant, Snapshot: snap, Evidence: known, Failures: s.head.State.Failures, InDoubt: s.head.State.InDoubt,
		Answers: answers, Tool: "test",
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return p, known
}

// asked stands for the input of the rules, which belongs to package decide.
func asked(t *policy.Tenant) []byte { return []byte(`{"rules of":"` + t.Name + `"}`) }

// decide approves everything an hour after it was seen first.
func (s *story) decide(_ context.Context, t *policy.Tenant, raw []byte, _ func(string) (string, bool), updates []inventory.Update) ([]decision.Answer, error) {
	if !bytes.Equal(raw, asked(t)) {
		return nil, fmt.Errorf("these are not the rules of %s", t.Name)
	}
	g := decision.Grant{Rule: "security", Source: "a.cue:1:1", Approve: &policy.Approve{After: hours(1), Anchor: policy.FirstSeen}}
	out := make([]decision.Answer, len(updates))
	for i := range out {
		out[i] = decision.Answer{Grants: []decision.Grant{g}, Blocks: []decision.Block{}, Lanes: []string{}, Freezes: []string{}, Class: fmt.Sprint("sha256:", i)}
	}
	return out, nil
}

// inputs are the files of an intent.
func (s *story) inputs(p *plan.Plan, in inputs.Run) map[string][]byte {
	files := map[string][]byte{inputs.DecideFile: asked(s.tenant)}
	for name, v := range map[string]any{inputs.PolicyFile: s.tenant, inputs.PlanFile: p} {
		raw, err := canonical.Marshal(v)
		if err != nil {
			s.t.Fatal(err)
		}
		files[name] = raw
	}
	raw, err := ledger.Encode(in)
	if err != nil {
		s.t.Fatal(err)
	}
	files[inputs.RunFile] = raw
	return files
}

// run carries out what is due; outcome says how each host ends, "" for a runner that dies before the wave's record.
func (s *story) run(outcome func(host string) ledger.Status) {
	p, known := s.plan()
	s.carryOut(p, inputs.Of(s.head, s.now, known, map[string]branch.Head{"msp-lab": s.lab}), outcome)
}

func (s *story) carryOut(p *plan.Plan, in inputs.Run, outcome func(host string) ledger.Status) {
	files, id := s.inputs(p, in), fmt.Sprint("run-", s.head.State.Seq)
	for _, d := range plan.Due(p, s.now) {
		if !s.wave(p, d, id, files, outcome) {
			return
		}
	}
	r := s.record(ledger.PhaseEnd, id)
	r.Plan, r.Outcome = p.Digest, "ok"
	s.append(r, nil)
}

func (s *story) wave(p *plan.Plan, d plan.DueWave, id string, files map[string][]byte, outcome func(string) ledger.Status) bool {
	r := s.record(ledger.PhaseIntent, id)
	r.Plan = p.Digest
	for _, h := range d.Hosts {
		r.Actions = append(r.Actions, ledger.Action{
			ID: fmt.Sprintf("%s/%s/%s", id, h, d.Opens.Format("0102")), Host: h, Verb: ledger.VerbApply, Ring: d.Ring, Lane: d.Lane, Wave: d.Wave.Wave,
			Window: d.Window, Opens: d.Opens, Updates: p.Changes[d.Change].Updates, Status: ledger.Started, HostState: "untouched", StartedAt: s.now,
		})
	}
	r.Actions = append(r.Actions, reboots(p.Changes[d.Change], r.Actions)...)
	s.append(r, files)
	end := s.record(ledger.PhaseWave, id)
	end.Plan = p.Digest
	for _, a := range r.Actions {
		if a.Verb == ledger.VerbReboot {
			end.Actions = append(end.Actions, rebooted(a, end.Actions))
			continue
		}
		a.StartedAt = s.now
		s.now = s.now.Add(s.each)
		ended := s.now
		a.Status, a.EndedAt, a.HostState, a.Platform = outcome(a.Host), &ended, "done", "debian 12"
		if a.Status == "" {
			return false
		}
		for _, u := range a.Updates {
			s.has[[2]string{a.Host, u.Update}] = a.Status == ledger.Succeeded
		}
		end.Actions = append(end.Actions, a)
	}
	s.now = s.now.Add(-s.setBack)
	end.At = s.now
	s.append(end, s.encoded(s.snapshot()))
	return true
}

// reboots are announced with the changes that foresee them.
func reboots(c plan.Change, actions []ledger.Action) []ledger.Action {
	var out []ledger.Action
	for _, a := range actions {
		if c.Reboot == policy.RebootIfRequired {
			a.ID, a.Verb, a.Updates, a.BootBefore = a.ID+"/reboot", ledger.VerbReboot, []plan.ChangeUpdate{}, "boot-1"
			out = append(out, a)
		}
	}
	return out
}

// rebooted is how a reboot ended whose change did.
func rebooted(a ledger.Action, ended []ledger.Action) ledger.Action {
	for _, x := range ended {
		if x.Host != a.Host || x.Verb != ledger.VerbApply {
			continue
		}
		a.StartedAt, a.EndedAt, a.Status, a.BootAfter = x.StartedAt, x.EndedAt, ledger.Skipped, ""
		if x.Status == ledger.Succeeded {
			a.Status, a.HostState, a.BootAfter = ledger.Succeeded, "done", "boot-2"
		}
	}
	return a
}

func allSucceed(string) ledger.Status { return ledger.Succeeded }

func failing(host string, with ledger.Status) func(string) ledger.Status {
	return func(h string) ledger.Status {
		if h == host {
			return with
		}
		return ledger.Succeeded
	}
}

// tell plays a week of acme: a scan before anything may go, pilot with a failure, a retry, broad with a host in doubt
// that a scan settles, a runner that dies, a plan that was made earlier, notes in between. Some thirty records.
func tell(t testing.TB) *story {
	t.Helper()
	return telling(newStory(t))
}

// telling lets a story go its way.
func telling(s *story) *story {
	s.scan()
	s.now = instant("2026-11-16T22:00:00Z") // Monday 23:00 in Berlin
	s.scan()
	s.run(failing("web-2", ledger.Failed))
	s.append(s.record(ledger.PhaseNote, "note-1"), nil)
	s.now = instant("2026-11-17T10:00:00Z")
	s.scan()
	s.now = instant("2026-11-17T22:00:00Z")
	s.scan()
	s.run(failing("db-2", ledger.InDoubt))
	s.now = instant("2026-11-18T08:00:00Z")
	s.scan()
	s.now = instant("2026-11-18T12:00:00Z")
	early, _ := s.plan() // carried out at night
	s.now = instant("2026-11-18T21:30:00Z")
	s.scan()
	_, known := s.plan()
	s.carryOut(early, inputs.Of(s.head, s.now, known, map[string]branch.Head{"msp-lab": s.lab}), failing("db-2", ""))
	s.now = instant("2026-11-20T09:00:00Z")
	s.scan()
	s.now = instant("2026-11-20T21:30:00Z")
	s.scan()
	s.run(allSucceed)
	late := s.record(ledger.PhaseNote, "note-2")
	late.Actions = []ledger.Action{{
		ID: "late", Host: "web-1", Verb: ledger.VerbApply, Ring: "pilot", Status: ledger.Failed, HostState: "done", StartedAt: s.now, EndedAt: &s.now,
		Updates: []plan.ChangeUpdate{{Update: openssl}}, Reason: "the shop was slow",
	}}
	s.append(late, nil)
	return s
}
