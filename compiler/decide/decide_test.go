package decide

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

func evaluator(tb testing.TB, t *policy.Tenant) *Evaluator {
	tb.Helper()
	v, err := New(context.Background(), t, os.DirFS("../../policies/decide"))
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func yes() *bool { b := true; return &b }

// tenant is the policy of the design's example.
func tenant(modules ...policy.Module) *policy.Tenant {
	match := func(class string) *policy.Match { return &policy.Match{Classification: []string{class}} }
	approve := func(after time.Duration, anchor, fallback policy.Anchor) *policy.Approve {
		return &policy.Approve{After: policy.Duration(after), Anchor: anchor, Fallback: fallback}
	}
	return &policy.Tenant{
		Name: "acme",
		Rules: []policy.Rule{
			{Name: "definitions", Match: match("definition"), Approve: approve(30*time.Minute, policy.FirstSeen, ""), Source: "b.cue:4:3"},
			{Name: "exploited", Match: &policy.Match{Exploited: yes()}, Approve: approve(0, policy.FirstSeen, ""), Source: "b.cue:2:3"},
			{Name: "security", Match: match("security"), Approve: approve(24*time.Hour, policy.Released, policy.FirstSeen), Source: "b.cue:3:3"},
		},
		Otherwise: &policy.Rule{Name: "otherwise", Require: &policy.Require{Approvers: 1, Role: "ops"}, Source: "b.cue:5:3"},
		Lanes: []policy.Lane{
			{Name: "definitions", Match: *match("definition")},
			{Name: "urgent", Match: policy.Match{Exploited: yes()}, Priority: 1},
		},
		Freezes: []policy.Freeze{
			{Name: "audit"},
			{Name: "yearEnd", Allow: &policy.Match{Exploited: yes()}},
		},
		Modules: modules,
	}
}
