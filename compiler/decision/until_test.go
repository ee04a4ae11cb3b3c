package decision

import (
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestApproveUntil(t *testing.T) {
	released := func(s string) func(*Query) {
		when := at(s)
		return func(q *Query) { q.Update.Released = &when }
	}
	for name, c := range map[string]struct {
		change func(*Query)
		want   string
	}{
		"the last second of the day in Berlin": {released("2026-11-20T22:59:59Z"), ReasonGranted},
		"the next day":                         {released("2026-11-20T23:00:00Z"), ReasonPastUntil},
		"not known":                            {func(q *Query) { q.Update.Released = nil }, ReasonNoAnchor},
		"a zone that nobody knows": {func(q *Query) {
			p := *q.Policy
			p.Timezone = "Europe/Nowhere"
			q.Policy = &p
			released("2026-11-01T00:00:00Z")(q)
		}, ReasonPastUntil},
	} {
		q := query(Grant{Rule: "batch", Approve: &policy.Approve{Until: "2026-11-20", Anchor: policy.Released}})
		q.At = at("2026-12-24T00:00:00Z")
		c.change(&q)
		if d := Decide(q); codes(d) != c.want || (d.Outcome == Approved) != (c.want == ReasonGranted) {
			t.Errorf("%s: got %s %s, want %s", name, d.Outcome, codes(d), c.want)
		}
	}
}

func TestBlocksExpire(t *testing.T) {
	end := at("2026-11-30T23:00:00Z") // midnight in Berlin
	for _, c := range []struct {
		kind    BlockKind
		expires string
		at      time.Time
		want    Outcome
		until   *time.Time
	}{
		{Reject, "2026-11-30", end.Add(-time.Second), Rejected, &end},
		{Reject, "2026-11-30", end, Approved, nil},
		{Reject, "", end, Rejected, nil},
		{Reject, "never", end, Rejected, nil},
		{Hold, "2026-12-01T00:00", end.Add(-time.Second), Pending, &end},
		{Hold, "2026-12-01T00:00", end, Approved, nil},
		{Failed, "2026-11-30", end.Add(-time.Second), Pending, nil},
	} {
		q := query(Grant{Rule: "all", Approve: &policy.Approve{Anchor: policy.FirstSeen}})
		q.Answer.Blocks, q.At = []Block{{Kind: c.kind, Rule: "x", Msg: "m", Expires: c.expires}}, c.at
		d := Decide(q)
		if d.Outcome != c.want || (d.Until == nil) != (c.until == nil) || d.Until != nil && !d.Until.Equal(*c.until) {
			t.Errorf("%s %q at %s: got %s until %v", c.kind, c.expires, c.at, d.Outcome, d.Until)
		}
	}
}

func TestDeclaredExploited(t *testing.T) {
	p := &policy.Tenant{Timezone: "Europe/Berlin", Exploited: []policy.Declared{{CVE: "CVE-2026-1234", Reason: "seen", Expires: "2026-11-30"}}}
	given := []inventory.Update{{CVEs: []string{"CVE-2026-1111", "CVE-2026-1234"}}, {CVEs: []string{"CVE-2026-12345"}}, {}}
	for when, want := range map[string]bool{"2026-11-30T22:59:59Z": true, "2026-11-30T23:00:00Z": false} {
		got := WithDeclared(p, at(when), given)
		if got[0].Exploited != want || got[1].Exploited || got[2].Exploited || given[0].Exploited {
			t.Errorf("at %s: got %v, given %v", when, got, given)
		}
	}
	p.Exploited[0].Expires = "soon"
	if WithDeclared(p, at("2026-11-01T00:00:00Z"), given)[0].Exploited {
		t.Error("a declaration whose end cannot be read counts")
	}
}
