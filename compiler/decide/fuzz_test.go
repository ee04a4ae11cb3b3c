package decide

import (
	"testing"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/policies"
)

// FuzzModules holds that no text of a module panics, that every diagnostic has a place, that what passes the check can be
// evaluated, and that a module never grants: an answer keeps the grants of the policy alone or is denied.
func FuzzModules(f *testing.F) {
	f.Add(kernels)
	f.Add(hostileModule)
	f.Add("package ringfence.custom\nreject contains {\"msg\": \"x\"} if count(numbers.range(1, 1000000000)) < 0")
	f.Add("package ringfence.tenant.acme\nrequire contains {\"msg\": \"x\", \"approvers\": 1, \"role\": \"ops\"}")
	f.Add("package ringfence.custom\ndefault hold := {1}\napprove := true")
	engine, err := Load(f.Context(), policies.Decide)
	if err != nil {
		f.Fatal(err)
	}
	updates := []inventory.Update{update("linux-image-6.1", inventory.ClassSecurity, false), update("b", inventory.ClassDriver, true)}
	plain, err := engine.Evaluator(f.Context(), tenant())
	if err != nil {
		f.Fatal(err)
	}
	want, _ := plain.Answers(f.Context(), updates)
	f.Fuzz(func(t *testing.T, text string) {
		modules := []policy.Module{{Path: "x.rego", Text: text}}
		list := CheckModules(modules)
		for _, d := range list {
			if d.Range == nil || d.Range.File != "x.rego" || d.Summary == "" {
				t.Errorf("a diagnostic without a place: %+v", d)
			}
		}
		v, err := engine.Evaluator(t.Context(), tenant(modules...))
		if list.HasErrors() || err != nil {
			if list.HasErrors() && err == nil {
				t.Fatal("the check failed, but it compiled")
			}
			return
		}
		got, _ := v.Answers(t.Context(), updates)
		for i := range got {
			denied := len(got[i].Grants) == 0 && len(got[i].Blocks) == 1 && got[i].Blocks[0].Kind == decision.Failed
			kept := got[i]
			kept.Blocks = want[i].Blocks
			if !denied && brief(kept) != brief(want[i]) {
				t.Errorf("got %s, the policy says %s", brief(got[i]), brief(want[i]))
			}
		}
	})
}
