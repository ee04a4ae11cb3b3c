package decision

import (
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

func TestBreak(t *testing.T) {
	approve := Grant{Rule: "security", Approve: &policy.Approve{Anchor: policy.FirstSeen}}
	b := &Break{Update: "pkg:x", Hosts: 3, At: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)}
	for name, c := range map[string]struct {
		blocks  []Block
		outcome Outcome
		code    string
	}{
		"approved": {nil, Pending, ReasonBreaker},
		"rejected": {[]Block{{Kind: Reject, Rule: "no"}}, Rejected, ReasonRejected},
		"held":     {[]Block{{Kind: Hold, Rule: "wait"}}, Pending, ReasonBreaker},
	} {
		q := query(approve)
		q.Answer.Blocks, q.Break = c.blocks, b
		d := Decide(q)
		if d.Outcome != c.outcome || d.Until != nil || d.Reasons[0].Code != c.code {
			t.Errorf("%s: %+v", name, d)
		}
	}
	q := query(approve)
	q.Break = b
	d := Decide(q)
	want := "held by the breaker since 2026-11-20 10:00 UTC: it failed on 3 hosts of the tenants that share it"
	if d.Reasons[0].Msg != want || d.Rule != "security" {
		t.Errorf("%+v", d)
	}
}
