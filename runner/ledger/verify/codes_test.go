package verify

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/signing"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

// forgeries are what somebody who has the right key may try: every state, number and signature fits. Each is found
// without a witness, for the stated reason.
var forgeries = map[string]struct {
	want   Code
	change func(x *forgery)
}{
	"a merge": {Chain, func(x *forgery) { l := x.at(ledger.PhaseNote, 0); l.parents = []string{x.chain[8].hash, x.policies[0]} }},
	"a history whose beginning is gone": {Chain, func(x *forgery) {
		x.at(ledger.PhaseScan, 0).text = func(text []byte) []byte {
			return bytes.Replace(text, []byte("author"), []byte("parent "+strings.Repeat("1", 40)+"\nauthor"), 1)
		}
	}},
	"a number that is left out": {Number, func(x *forgery) {
		l := x.at(ledger.PhaseNote, 1)
		l.asItIs, l.record.Seq = true, l.record.Seq+1
		l.files[recordFile], _ = ledger.Encode(l.record)
	}},
	"a trailer that says something else": {Form, func(x *forgery) {
		x.at(ledger.PhaseEnd, 0).text = func(text []byte) []byte { return bytes.Replace(text, []byte("Outcome: ok"), []byte("Outcome: no"), 1) }
	}},
	"another author": {Form, func(x *forgery) {
		x.at(ledger.PhaseNote, 0).text = func(text []byte) []byte {
			return bytes.Replace(text, []byte("author Ringfence"), []byte("author Root"), 1)
		}
	}},
	"another header": {Form, func(x *forgery) {
		x.at(ledger.PhaseNote, 0).text = func(text []byte) []byte { return bytes.Replace(text, []byte("\n\n"), []byte("\nencoding x\n\n"), 1) }
	}},
	"a subject about another tenant": {Form, func(x *forgery) { x.at(ledger.PhaseNote, 0).subject = "globex: note" }},
	"a record of another tenant":     {Form, func(x *forgery) { x.at(ledger.PhaseNote, 1).record.Tenant = "globex" }},
	"a record that nobody can read":  {Unreadable, func(x *forgery) { l := x.at(ledger.PhaseNote, 0); l.asItIs, l.files[recordFile] = true, []byte("{}\n") }},
	"a program instead of a file":    {Unreadable, func(x *forgery) { x.at(ledger.PhaseNote, 0).modes = map[string]string{recordFile: "100755"} }},
	"a link instead of a file":       {Unreadable, func(x *forgery) { x.at(ledger.PhaseNote, 0).modes = map[string]string{stateFile: "120000"} }},
	"a file too many":                {Tree, func(x *forgery) { x.at(ledger.PhaseNote, 0).files["README.md"] = []byte("hello") }},
	"a state without its doubts": {State, func(x *forgery) {
		l := x.at(ledger.PhaseWave, 4)
		l.asItIs = true
		l.files[stateFile] = bytes.Replace(l.files[stateFile], []byte(`"inDoubt":1`), []byte(`"inDoubt":0`), 1)
	}},
	"no state": {State, func(x *forgery) { l := x.at(ledger.PhaseNote, 0); l.asItIs = true; delete(l.files, stateFile) }},
	"a state that another version is to answer for": {StateVersion, func(x *forgery) {
		x.at(ledger.PhaseWave, 4).aged = func(s *ledger.State) { s.Version, s.InDoubt = 0, nil }
	}},
	"a note that changes the snapshot": {Snapshot, func(x *forgery) {
		x.at(ledger.PhaseNote, 0).files["snapshot/main.jsonl"] = x.chain[0].files["snapshot/main.jsonl"]
	}},
	"a snapshot of another site": {Snapshot, func(x *forgery) {
		x.at(ledger.PhaseScan, 2).files["snapshot/b.jsonl"] = x.chain[0].files["snapshot/main.jsonl"]
	}},
	"a scan of another snapshot": {Snapshot, func(x *forgery) {
		x.at(ledger.PhaseScan, 2).files["snapshot/main.jsonl"] = x.chain[0].files["snapshot/main.jsonl"]
	}},
	"a snapshot that is gone": {Snapshot, func(x *forgery) { delete(x.at(ledger.PhaseNote, 1).files, "snapshot/main.jsonl") }},
	"a scan that saw fewer hosts": {Snapshot, func(x *forgery) {
		s := *x.at(ledger.PhaseScan, 1).record.Scan
		s.Hosts--
		x.at(ledger.PhaseScan, 1).record.Scan = &s
	}},
	"a scan that invents": {Snapshot, func(x *forgery) {
		s := *x.at(ledger.PhaseScan, 1).record.Scan
		s.Missing = slices.Clone(s.Missing)
		s.Missing[0].Hosts += 3
		x.at(ledger.PhaseScan, 1).record.Scan = &s
	}},
	"a record that is back-dated":  {Clock, func(x *forgery) { l := x.at(ledger.PhaseNote, 0); l.record.At = l.record.At.Add(-time.Hour) }},
	"a test clock nobody declared": {Clock, func(x *forgery) { x.at(ledger.PhaseNote, 0).record.TestClock = true }},
	"an end after its record": {Clock, func(x *forgery) {
		r := &x.at(ledger.PhaseWave, 0).record
		t := r.At.Add(time.Hour)
		r.Actions[0].EndedAt = &t
	}},
	"a runner that had lost its turn": {Fence, func(x *forgery) {
		x.at(ledger.PhaseScan, 1).record.Fence = 2
		x.at(ledger.PhaseIntent, 0).record.Fence = 1
	}},
	"a record without signature": {Unsigned, func(x *forgery) { x.at(ledger.PhaseWave, 0).sign = nil }},
	"no signature at the end":    {Unsigned, func(x *forgery) { x.at(ledger.PhaseNote, 1).sign = nil }},
	"no signature at all":        {Unsigned, func(x *forgery) { x.each(func(l *link) { l.sign = nil }) }},
	"a signature of another record": {Signature, func(x *forgery) {
		x.at(ledger.PhaseNote, 1).sign = func([]byte) ([]byte, error) { return x.key.Sign([]byte("something else")) }
	}},
	"a second signature": {Signature, func(x *forgery) {
		x.at(ledger.PhaseNote, 1).raw = func(commit []byte) []byte { return bytes.Replace(commit, []byte("\n\n"), []byte("\ngpgsig x\n\n"), 1) }
	}},
	"another key":             {UnknownKey, func(x *forgery) { x.at(ledger.PhaseNote, 0).sign = x.other.Sign }},
	"a key that ended":        {NotValid, func(x *forgery) { x.at(ledger.PhaseNote, 1).record.At = instant("2027-01-02T00:00:00Z") }},
	"another runner's key":    {NoName, func(x *forgery) { x.at(ledger.PhaseNote, 0).record.Runner = "runner-2" }},
	"an older policy":         {PolicyBack, func(x *forgery) { x.at(ledger.PhaseNote, 1).record.PolicyCommit = x.policies[0] }},
	"a policy from elsewhere": {PolicyGone, func(x *forgery) { x.at(ledger.PhaseNote, 1).record.PolicyCommit = strings.Repeat("1", 40) }},
	"starts under no policy":  {PolicyGone, func(x *forgery) { x.at(ledger.PhaseIntent, 1).record.PolicyCommit = "" }},
	"an edited policy": {Inputs, func(x *forgery) {
		l := x.at(ledger.PhaseIntent, 0)
		edit(x, l, inputs.PolicyFile, func(t *policy.Tenant) { t.Rings[1].MaxUnavailable.Count = 3 })
	}},
	"no policy":                      {Inputs, func(x *forgery) { delete(x.at(ledger.PhaseIntent, 0).files, inputs.PolicyFile) }},
	"another policy in the same run": {Inputs, func(x *forgery) { x.at(ledger.PhaseIntent, 1).record.Policy = "sha256:" + strings.Repeat("0", 64) }},
	"a run that looked away":         {Inputs, func(x *forgery) { x.looksAt(x.at(ledger.PhaseIntent, 3), 2) }},
	"a run that begins nowhere": {Inputs, func(x *forgery) {
		edit(x, x.at(ledger.PhaseIntent, 0), inputs.RunFile, func(in *inputs.Run) { in.Head = x.policies[0] })
	}},
	"invented foreign evidence": {Inputs, func(x *forgery) {
		edit(x, x.at(ledger.PhaseIntent, 3), inputs.RunFile, func(in *inputs.Run) { in.Foreign[0].Succeeded++; in.Foreign[0].Attempted++ })
	}},
	"own evidence from outside": {Inputs, func(x *forgery) {
		edit(x, x.at(ledger.PhaseIntent, 0), inputs.RunFile, func(in *inputs.Run) {
			in.Foreign = append(in.Foreign, decision.RingEvidence{Ring: "pilot", Update: bash})
		})
	}},
	"an edited plan": {Plan, func(x *forgery) {
		l := x.at(ledger.PhaseIntent, 0)
		l.files[inputs.PlanFile] = bytes.Replace(l.files[inputs.PlanFile], []byte("web-1"), []byte("web-9"), 1)
	}},
	"another plan than is said":      {Plan, func(x *forgery) { x.at(ledger.PhaseIntent, 0).record.Plan = "sha256:" + strings.Repeat("0", 64) }},
	"a preview of another plan":      {Plan, func(x *forgery) { x.at(ledger.PhaseIntent, 0).files[inputs.PreviewFile] = []byte(`{"kind":"Preview"}`) }},
	"another plan at the end":        {Plan, func(x *forgery) { x.at(ledger.PhaseEnd, 0).record.Plan = "sha256:" + strings.Repeat("0", 64) }},
	"a host that is not in the plan": {NotPlanned, func(x *forgery) { x.both(0, func(a *ledger.Action) { a.Host = "db-1" }) }},
	"an update that is not in the plan": {NotPlanned, func(x *forgery) {
		x.both(0, func(a *ledger.Action) {
			a.Updates = append(slices.Clone(a.Updates), plan.ChangeUpdate{Update: "pkg:deb/debian/backdoor@1", From: "0"})
		})
	}},
	"a reboot that is not in the plan": {NotPlanned, func(x *forgery) {
		r := &x.at(ledger.PhaseIntent, 0).record
		a := r.Actions[0]
		a.ID, a.Verb, a.Updates, a.Status = "r", ledger.VerbReboot, nil, ledger.Started
		r.Actions = append(r.Actions, a)
	}},
	"a start without intent": {NoIntent, func(x *forgery) { x.drop(ledger.PhaseIntent, 1) }},
	"a start before its intent": {NoIntent, func(x *forgery) {
		a := &x.at(ledger.PhaseWave, 0).record.Actions[0]
		a.StartedAt = a.StartedAt.Add(-3 * time.Minute)
	}},
	"a start in a wave's record": {NoIntent, func(x *forgery) { x.at(ledger.PhaseIntent, 0).record.Phase = ledger.PhaseWave }},
	"a note of a success":        {NoIntent, func(x *forgery) { x.at(ledger.PhaseNote, 1).record.Actions[0].Status = ledger.Succeeded }},
	"a reboot that nobody announced": {NoIntent, func(x *forgery) {
		r := &x.at(ledger.PhaseWave, 0).record
		r.Actions = append(r.Actions, ledger.Action{ID: "r", Host: r.Actions[0].Host, Verb: ledger.VerbReboot, Ring: "pilot", Status: ledger.Succeeded})
	}},
	"a reboot out of nothing": {NoIntent, func(x *forgery) {
		r := &x.at(ledger.PhaseWave, 0).record
		r.Actions = append(r.Actions, ledger.Action{ID: "r", Host: "db-5", Verb: ledger.VerbReboot, Ring: "broad", Status: ledger.Succeeded})
	}},
	"an intent that is repeated":  {Twice, func(x *forgery) { x.again(x.index(ledger.PhaseIntent, 0)) }},
	"an outcome that is repeated": {Twice, func(x *forgery) { x.again(x.index(ledger.PhaseWave, 0)) }},
	"an outcome of another host":  {Other, func(x *forgery) { x.at(ledger.PhaseWave, 0).record.Actions[0].Host = "web-3" }},
	"an outcome of more": {Other, func(x *forgery) {
		a := &x.at(ledger.PhaseWave, 0).record.Actions[0]
		a.Updates = append(slices.Clone(a.Updates), plan.ChangeUpdate{Update: "pkg:x"})
	}},
	"a start after the window": {Window, func(x *forgery) {
		x.later(x.index(ledger.PhaseWave, 7), 4*time.Hour)
	}},
	"a start before the window": {Window, func(x *forgery) {
		x.at(ledger.PhaseScan, 1).record.At = instant("2026-11-16T20:30:00Z")
		x.at(ledger.PhaseIntent, 0).record.At = instant("2026-11-16T20:40:00Z")
	}},
	"a plan for another window": {Window, func(x *forgery) { x.otherwise(instant("2026-11-16T03:00:00Z")) }},
	"a ring before its gate": {Gate, func(x *forgery) {
		x.at(ledger.PhaseWave, 2).record.Actions[0].Status = ledger.Failed
		x.at(ledger.PhaseWave, 3).record.Actions[0].Status = ledger.Failed
	}},
	"a ring whose soak was short": {Gate, func(x *forgery) {
		edit(x, x.at(ledger.PhaseIntent, 3), inputs.RunFile, func(in *inputs.Run) { in.At = instant("2026-11-17T12:00:00Z") })
	}},
	"a gate that closed meanwhile": {Gate, func(x *forgery) { x.at(ledger.PhaseWave, 3).record.Actions[0].Status = ledger.InDoubt }},
	"too many at once":             {Budget, func(x *forgery) { x.together(x.index(ledger.PhaseIntent, 5)) }},
	"an update that the breaker held": {Breaker, func(x *forgery) {
		edit(x, x.at(ledger.PhaseIntent, 0), inputs.RunFile, func(in *inputs.Run) {
			in.Breaks = append(in.Breaks, decision.Break{Update: x.at(ledger.PhaseIntent, 0).record.Actions[0].Updates[0].Update, Hosts: 3, At: in.At})
		})
	}},
	"a rule that waits longer": {Replay, func(x *forgery) {
		l := x.at(ledger.PhaseIntent, 0)
		l.files[inputs.DecideFile] = []byte(`{"rules of":"nobody"}`)
	}},
	"no decisions":             {Replay, func(x *forgery) { delete(x.at(ledger.PhaseIntent, 0).files, inputs.DecideFile) }},
	"a plan with another wave": {Replay, func(x *forgery) { sealed(x, x.at(ledger.PhaseIntent, 0), func(p *plan.Plan) { p.Summary.Reboots++ }) }},
	"a plan that was stale": {Replay, func(x *forgery) {
		sealed(x, x.at(ledger.PhaseIntent, 7), func(p *plan.Plan) { longer(p) })
	}},
	"a plan for a century": {Replay, func(x *forgery) {
		sealed(x, x.at(ledger.PhaseIntent, 0), func(p *plan.Plan) { p.Horizon = p.Horizon.AddDate(100, 0, 0) })
	}},
	"no way to replay": {NotReplayed, func(x *forgery) { delete(x.at(ledger.PhaseIntent, 0).files, inputs.RunFile) }},
}

// harmless are worth a remark and change nothing.
var harmless = []string{"another runner's key", "an outcome that is repeated"}

func TestForgeries(t *testing.T) {
	t.Parallel()
	s := tell(t)
	f, honest := newForger(t, s.dir), s.chain()
	codes := map[Code]bool{Truncated: true, Forked: true} // these need a witness: TestWitness
	for name, c := range forgeries {
		codes[c.want] = true
		t.Run(name, func(t *testing.T) {
			x := &forgery{s, copied(honest)}
			c.change(x)
			in := s.input()
			in.Head = f.write(x.chain)
			r := mustVerify(t, in)
			if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == c.want }) {
				t.Errorf("no %s among %v", c.want, r.Findings)
			}
			if r.OK() != slices.Contains(harmless, name) {
				t.Errorf("ok: %v, %v", r.OK(), r.Findings)
			}
		})
	}
	for _, code := range Codes {
		if !codes[code] {
			t.Errorf("nothing tries %s", code)
		}
	}
}

// TestWritingAnewIsHonest: the forger's own tools leave nothing wrong, so what is found is the forgery.
func TestWritingAnewIsHonest(t *testing.T) {
	s := tell(t)
	chain := copied(s.chain())
	chain[0].untouched = false
	chain[0].subject = "acme: another subject"
	in := s.input()
	in.Head = newForger(t, s.dir).write(chain)
	if r := mustVerify(t, in); len(r.Findings) > 0 || in.Head == s.head.Commit {
		t.Errorf("%v", r.Findings)
	}
}

func TestWitness(t *testing.T) {
	s := tell(t)
	f, honest := newForger(t, s.dir), s.chain()
	anew := copied(honest)
	anew[20].untouched, anew[20].subject = false, "acme: something else"
	forked := f.write(anew)
	cut := honest[24].hash
	for name, c := range map[string]struct {
		head string
		seen Seen
		want Code
	}{
		"cut, seen by commit":       {cut, Seen{Commit: s.head.Commit}, Truncated},
		"cut, seen by number":       {cut, Seen{Seq: 30}, Truncated},
		"cut, seen by both":         {cut, Seen{Seq: 30, Commit: s.head.Commit}, Truncated},
		"cut, seen before":          {cut, Seen{Seq: 20, Commit: honest[19].hash}, ""},
		"written anew":              {forked, Seen{Seq: 30, Commit: s.head.Commit}, Forked},
		"written anew after it":     {forked, Seen{Seq: 20, Commit: honest[19].hash}, ""},
		"seen under another number": {s.head.Commit, Seen{Seq: 3, Commit: honest[19].hash}, Forked},
		"seen elsewhere":            {s.head.Commit, Seen{Seq: 3, Commit: strings.Repeat("1", 40)}, Forked},
		"the same":                  {s.head.Commit, *s.seen(), ""},
	} {
		in := s.input()
		in.Head, in.Seen = c.head, &c.seen
		r := mustVerify(t, in)
		if got := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Code == c.want }); (got >= 0) != (c.want != "") || r.OK() != (c.want == "") {
			t.Errorf("%s: %v, want %s", name, r.Findings, c.want)
		}
	}
}

func TestWhatIsNotGivenIsNotJudged(t *testing.T) {
	s := tell(t)
	r := mustVerify(t, Input{Repo: s.repo, Tenant: "acme"})
	if !r.OK() || r.Signed != 0 || r.Replayed != 0 || len(r.NotJudged) != 4 || r.Records != 30 {
		t.Errorf("%+v", r)
	}
	if _, err := Verify(t.Context(), Input{Repo: s.repo, Tenant: "globex"}); err == nil {
		t.Error("a tenant without ledger was verified")
	}
}

// TestUnsignedBeginnings: a ledger may have begun before anybody signed.
func TestUnsignedBeginnings(t *testing.T) {
	s := tell(t)
	f, chain := newForger(t, s.dir), copied(s.chain())
	for i := range 5 {
		chain[i].untouched, chain[i].sign = false, nil
	}
	in := s.input()
	in.Head = f.write(chain)
	if r := mustVerify(t, in); !r.OK() || r.Signed != 25 || len(r.Findings) != 5 {
		t.Errorf("%d signed, %v", r.Signed, r.Findings)
	}
	signers, err := signing.ParseSigners(nil)
	if err != nil {
		t.Fatal(err)
	}
	in.Head, in.Signers = s.head.Commit, signers
	if r := mustVerify(t, in); r.OK() || r.Signed != 0 {
		t.Errorf("nobody may sign: %v", r.Findings)
	}
}
