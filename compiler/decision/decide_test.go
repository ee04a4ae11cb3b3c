package decision

import (
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

var (
	noon     = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	openssl  = "pkg:deb/debian/openssl@3.0.17-1~deb12u2"
	security = approve("security", 24*time.Hour, policy.Released, policy.FirstSeen)
	byOps    = Grant{Rule: "byOps", Require: &policy.Require{Approvers: 1, Role: "ops"}, Source: "b.cue:9:1"}
	byTwo    = Grant{Rule: "byTwo", Require: &policy.Require{Approvers: 2, Role: "dba"}, Source: "b.cue:8:1"}
)

func approve(name string, after time.Duration, anchor, fallback policy.Anchor) Grant {
	return Grant{
		Rule: name, Source: "b.cue:3:1",
		Approve: &policy.Approve{After: policy.Duration(after), Anchor: anchor, Fallback: fallback},
	}
}

func ago(d time.Duration) *time.Time { t := noon.Add(-d); return &t }

func hours(n int) policy.Duration { return policy.Duration(time.Duration(n) * time.Hour) }

// query asks at noon about an update released 48 hours ago and seen 2 hours ago, in a ring that requires nothing.
func query(grants ...Grant) Query {
	return Query{
		Policy: &policy.Tenant{Name: "acme", Timezone: "Europe/Berlin", Source: "t.cue:1:1"},
		Ring:   &policy.Ring{Name: "broad"},
		Update: inventory.Update{PURL: openssl, Released: ago(48 * time.Hour), FirstSeen: noon.Add(-2 * time.Hour)},
		Answer: Answer{Grants: grants, Class: "sha256:class"},
		At:     noon,
	}
}

func codes(d Decision) string {
	var out []string
	for _, r := range d.Reasons {
		out = append(out, r.Code)
	}
	return strings.Join(out, " ")
}

// check compares outcome, end (as hours from noon, "" for none) and the reasons' codes.
func check(t *testing.T, d Decision, outcome Outcome, until, reasons string) {
	t.Helper()
	end := ""
	if d.Until != nil {
		end = d.Until.Sub(noon).String()
	}
	if d.Outcome != outcome || end != until || codes(d) != reasons {
		t.Errorf("got %s until %q because %s\nwant %s until %q because %s\n%+v", d.Outcome, end, codes(d), outcome, until, reasons, d.Reasons)
	}
}

func TestGrants(t *testing.T) {
	never := approve("never", time.Hour, policy.Released, "")
	for name, c := range map[string]struct {
		grants   []Grant
		released *time.Time
		outcome  Outcome
		until    string
		reasons  string
		rule     string
	}{
		"passed":                    {[]Grant{security}, ago(24 * time.Hour), Approved, "", "GRANTED", "security"},
		"one second early":          {[]Grant{security}, ago(24*time.Hour - time.Second), Pending, "1s", "WAIT_ANCHOR", "security"},
		"ends rounded up":           {[]Grant{security}, ago(24*time.Hour - time.Millisecond), Pending, "1s", "WAIT_ANCHOR", "security"},
		"released in the future":    {[]Grant{security}, ago(-10 * time.Hour), Pending, "34h0m0s", "WAIT_ANCHOR", "security"},
		"fallback":                  {[]Grant{security}, nil, Pending, "22h0m0s", "WAIT_ANCHOR", "security"},
		"release of 1970 is none":   {[]Grant{never}, new(time.Time), Pending, "", "NO_ANCHOR", "never"},
		"no anchor":                 {[]Grant{never}, nil, Pending, "", "NO_ANCHOR", "never"},
		"earliest satisfied":        {[]Grant{byOps, security, never}, ago(48 * time.Hour), Approved, "", "GRANTED", "never"},
		"earliest of two pending":   {[]Grant{security, approve("fast", 3*time.Hour, policy.FirstSeen, "")}, nil, Pending, "1h0m0s", "WAIT_ANCHOR", "fast"},
		"known beats unknown":       {[]Grant{never, security}, nil, Pending, "22h0m0s", "WAIT_ANCHOR", "security"},
		"time comes before people":  {[]Grant{byOps, security}, nil, Pending, "22h0m0s", "WAIT_ANCHOR", "security"},
		"people before the unknown": {[]Grant{never, byTwo, byOps}, nil, NeedsApproval, "", "NEEDS_APPROVAL", "byOps"},
		"nothing matches":           {nil, nil, NeedsApproval, "", "NO_RULE", ""},
		"a grant of nothing":        {[]Grant{{Rule: "empty"}}, nil, NeedsApproval, "", "NO_RULE", ""},
		"a grant of both":           {[]Grant{{Rule: "both", Approve: security.Approve, Require: byOps.Require}}, nil, NeedsApproval, "", "NO_RULE", ""},
	} {
		t.Run(name, func(t *testing.T) {
			q := query(c.grants...)
			q.Update.Released = c.released
			d := Decide(q)
			check(t, d, c.outcome, c.until, c.reasons)
			if d.Rule != c.rule {
				t.Errorf("decided by %q, want %q", d.Rule, c.rule)
			}
		})
	}
}

func TestADateThatNoDocumentCanHoldIsNotKnown(t *testing.T) {
	q := query(security)
	for _, released := range []time.Time{time.Date(9998, 12, 31, 23, 0, 0, 0, time.UTC), time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		q.Update.Released, q.Update.FirstSeen = &released, time.Time{}
		check(t, Decide(q), Pending, "", "NO_ANCHOR")
	}
}

func TestBlocks(t *testing.T) {
	reject := Block{Kind: Reject, Rule: "ringfence.custom", Msg: "retired", Source: "x.rego:4:1"}
	hold := Block{Kind: Hold, Rule: "ringfence.custom", Msg: "vendor investigates"}
	failed := Block{Kind: Failed, Rule: "ringfence.custom", Msg: "bad date"}
	sign := Block{Kind: RequireKind, Rule: "ringfence.custom", Msg: "kernel", Require: &policy.Require{Approvers: 2, Role: "ops"}}
	for name, c := range map[string]struct {
		blocks  []Block
		outcome Outcome
		reasons string
	}{
		"reject":                     {[]Block{reject}, Rejected, "REJECTED GRANTED"},
		"hold":                       {[]Block{hold}, Pending, "HOLD GRANTED"},
		"error":                      {[]Block{failed}, Pending, "EVALUATOR_ERROR GRANTED"},
		"signatures":                 {[]Block{sign}, NeedsApproval, "NEEDS_APPROVAL GRANTED"},
		"the strictest comes first":  {[]Block{sign, hold, reject, failed}, Rejected, "REJECTED EVALUATOR_ERROR HOLD NEEDS_APPROVAL GRANTED"},
		"a kind that nobody knows":   {[]Block{{Kind: "later"}}, Pending, "EVALUATOR_ERROR GRANTED"},
		"signatures of nobody":       {[]Block{{Kind: RequireKind}}, Pending, "EVALUATOR_ERROR GRANTED"},
		"a hold is not signed away":  {[]Block{sign, hold}, Pending, "HOLD NEEDS_APPROVAL GRANTED"},
		"no block, and it may start": {nil, Approved, "GRANTED"},
	} {
		t.Run(name, func(t *testing.T) {
			q := query(security)
			q.Answer.Blocks = c.blocks
			check(t, Decide(q), c.outcome, "", c.reasons)
		})
	}
}

// gated asks with one requirement: 95% of attempted, at least 3, soaked for 72 hours.
func gated(e RingEvidence, missing int) Query {
	q := query(security)
	e.Ring, e.Update = "pilot", openssl
	q.Ring.Requires = []policy.Requirement{{
		Ring: "pilot", Succeeded: 95, MinSucceeded: 3, Soak: hours(72), IfUntested: policy.UntestedNeedsApproval, Source: "t.cue:7:3",
	}}
	q.Evidence = NewIndex(Evidence{e})
	q.Missing = func(string) int { return missing }
	return q
}

func TestGate(t *testing.T) {
	for name, c := range map[string]struct {
		e       RingEvidence
		missing int
		outcome Outcome
		until   string
		reasons string
	}{
		"nothing yet":             {RingEvidence{}, 3, Pending, "", "WAIT_GATE GRANTED"},
		"two of three":            {RingEvidence{Attempted: 2, Succeeded: 2, SucceededAt: ago(99 * time.Hour)}, 1, Pending, "", "WAIT_GATE GRANTED"},
		"three, soaking":          {RingEvidence{Attempted: 3, Succeeded: 3, SucceededAt: ago(70 * time.Hour)}, 0, Pending, "2h0m0s", "WAIT_SOAK GRANTED"},
		"soaked to the second":    {RingEvidence{Attempted: 3, Succeeded: 3, SucceededAt: ago(72 * time.Hour)}, 0, Approved, "", "GRANTED"},
		"success without a time":  {RingEvidence{Attempted: 3, Succeeded: 3}, 0, Pending, "", "WAIT_SOAK GRANTED"},
		"94%":                     {RingEvidence{Attempted: 100, Succeeded: 94, Failed: 6, SucceededAt: ago(99 * time.Hour)}, 0, Pending, "", "GATE_FAILED GRANTED"},
		"95%":                     {RingEvidence{Attempted: 100, Succeeded: 95, Failed: 5, SucceededAt: ago(99 * time.Hour)}, 0, Approved, "", "GRANTED"},
		"in doubt":                {RingEvidence{Attempted: 100, Succeeded: 99, InDoubt: 1, SucceededAt: ago(99 * time.Hour)}, 0, Pending, "", "GATE_IN_DOUBT GRANTED"},
		"failed and too few":      {RingEvidence{Attempted: 3, Succeeded: 2, Failed: 1}, 0, Pending, "", "GATE_FAILED WAIT_GATE GRANTED"},
		"never testable":          {RingEvidence{Attempted: 1, Succeeded: 1, SucceededAt: ago(99 * time.Hour)}, 1, NeedsApproval, "", "UNTESTED GRANTED"},
		"contradicting":           {RingEvidence{Attempted: 3, Succeeded: 4}, 0, Pending, "", "GATE_IN_DOUBT GRANTED"},
		"negative":                {RingEvidence{Attempted: 3, Succeeded: 4, Failed: -1}, 0, Pending, "", "GATE_IN_DOUBT GRANTED"},
		"soak ends in the future": {RingEvidence{Attempted: 3, Succeeded: 3, SucceededAt: ago(-time.Hour)}, 0, Pending, "73h0m0s", "WAIT_SOAK GRANTED"},
	} {
		t.Run(name, func(t *testing.T) { check(t, Decide(gated(c.e, c.missing)), c.outcome, c.until, c.reasons) })
	}
}

func TestIfUntested(t *testing.T) {
	for choice, want := range map[policy.IfUntested]Outcome{
		policy.UntestedApprove: Approved, policy.UntestedWait: Pending, policy.UntestedNeedsApproval: NeedsApproval, "": NeedsApproval,
	} {
		q := gated(RingEvidence{}, 2)
		q.Ring.Requires[0].IfUntested = choice
		d := Decide(q)
		if d.Outcome != want || d.Until != nil || !strings.Contains(codes(d), ReasonUntested) {
			t.Errorf("%q: %+v", choice, d)
		}
	}
	t.Run("what was tried still counts", func(t *testing.T) {
		q := gated(RingEvidence{Attempted: 1, Failed: 1}, 0)
		q.Ring.Requires[0].IfUntested = policy.UntestedApprove
		check(t, Decide(q), Pending, "", "GATE_FAILED GRANTED UNTESTED")
		q = gated(RingEvidence{Attempted: 1, Succeeded: 1, SucceededAt: ago(time.Hour)}, 0)
		q.Ring.Requires[0].IfUntested = policy.UntestedApprove
		check(t, Decide(q), Pending, "71h0m0s", "WAIT_SOAK GRANTED UNTESTED")
	})
}

func TestForeignEvidenceBringsItsOwnMissing(t *testing.T) {
	q := gated(RingEvidence{}, 99)
	q.Ring.Requires[0].Tenant, q.Ring.Requires[0].Ring = "msp-lab", "test"
	check(t, Decide(q), NeedsApproval, "", "UNTESTED GRANTED")
	q.Evidence = NewIndex(Evidence{{Ring: "msp-lab/test", Update: openssl, Missing: 3}})
	check(t, Decide(q), Pending, "", "WAIT_GATE GRANTED")
}

func TestLaneReplacesTheSoakAlone(t *testing.T) {
	soak := hours(4)
	q := gated(RingEvidence{Attempted: 3, Succeeded: 3, SucceededAt: ago(3 * time.Hour)}, 0)
	q.Lane = &policy.Lane{Name: "urgent", Soak: &soak}
	d := Decide(q)
	check(t, d, Pending, "1h0m0s", "WAIT_SOAK GRANTED")
	if d.Lane != "urgent" {
		t.Errorf("lane %q", d.Lane)
	}
	q.Lane = &policy.Lane{Name: "reboots"}
	check(t, Decide(q), Pending, "69h0m0s", "WAIT_SOAK GRANTED")
	if Decide(gated(RingEvidence{}, 3)).Lane != policy.DefaultLane {
		t.Error("no lane is the default lane")
	}
}

func TestTheWaitThatEndsLastIsNamedFirst(t *testing.T) {
	q := gated(RingEvidence{Attempted: 3, Succeeded: 3, SucceededAt: ago(62 * time.Hour)}, 0) // 10 h of soak left
	q.Update.Released = ago(4 * time.Hour)                                                    // 20 h of anchor left
	check(t, Decide(q), Pending, "20h0m0s", "WAIT_ANCHOR WAIT_SOAK")
	q.Update.Released = ago(20 * time.Hour)
	check(t, Decide(q), Pending, "10h0m0s", "WAIT_SOAK WAIT_ANCHOR")
	q.Answer.Grants = []Grant{byOps}
	check(t, Decide(q), NeedsApproval, "", "NEEDS_APPROVAL WAIT_SOAK")
}

func TestReasonsAreSentences(t *testing.T) {
	q := gated(RingEvidence{Attempted: 2, Succeeded: 2}, 1)
	q.Answer.Grants = append(q.Answer.Grants, byOps)
	q.Update.Released = ago(time.Hour)
	want := []Reason{
		{Code: ReasonWaitGate, Msg: "pilot: 2 of 3 needed hosts succeeded", Source: "t.cue:7:3"},
		{
			Code: ReasonWaitAnchor, Source: "b.cue:3:1", Until: ago(-23 * time.Hour),
			Msg: "rule security approves at 2026-11-22 11:00 UTC (24h after its release); also rule byOps would approve with 1 signature of role ops",
		},
	}
	for i, got := range Decide(q).Reasons {
		w := want[i]
		if got.Code != w.Code || got.Msg != w.Msg || got.Source != w.Source || (got.Until == nil) != (w.Until == nil) {
			t.Errorf("got  %+v\nwant %+v", got, w)
		}
	}
}

func TestLaneOf(t *testing.T) {
	p := &policy.Tenant{Lanes: []policy.Lane{{Name: "b", Priority: 1}, {Name: "a", Priority: 1}, {Name: "c"}}}
	for want, matching := range map[string][]string{"default": {}, "c": {"c"}, "a": {"c", "b", "a"}, "b": {"gone", "b", "c"}} {
		if got := laneName(LaneOf(p, Answer{Lanes: matching})); got != want {
			t.Errorf("lane of %v is %s, want %s", matching, got, want)
		}
	}
}
