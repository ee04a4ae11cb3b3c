package decide

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/policies"
)

func TestReplay(t *testing.T) {
	v := evaluator(t, tenant(policy.Module{Path: "x.rego", Text: kernels}))
	updates := distinct(300)
	raw, err := v.Input(append(updates, updates...))
	if err != nil {
		t.Fatal(err)
	}
	reversed := slices.Clone(updates)
	slices.Reverse(reversed)
	again, err := v.Input(reversed)
	if err != nil || !bytes.Equal(raw, again) {
		t.Error("the same classes gave other bytes")
	}
	texts := map[string]string{}
	for _, m := range v.Modules() {
		texts[canonical.DigestBytes([]byte(m.Text))] = m.Text
	}
	find := func(digest string) (string, bool) { s, ok := texts[digest]; return s, ok }
	modules, err := Texts(raw, find)
	if err != nil {
		t.Fatal(err)
	}
	var replayer Replayer
	answers, _ := v.Answers(t.Context(), updates)
	for range 2 { // the second time with the rules of the first
		marks := 0
		byClass, err := replayer.Ask(t.Context(), raw, modules, func() { marks++ })
		if err != nil || marks < 300/perMark {
			t.Fatal(marks, err)
		}
		if byClass, err = Unpack(Pack(byClass, err)); err != nil {
			t.Fatal(err)
		}
		if got, err := ByClass(raw, byClass, updates); err != nil || !reflect.DeepEqual(got, answers) {
			t.Errorf("%v: got %+v, want %+v", err, got, answers)
		}
	}
	if _, err := replayer.Ask(t.Context(), raw, modules[1:], func() {}); err == nil {
		t.Error("replayed without a module")
	}
	for d := range texts {
		texts[d] += "\n"
	}
	if _, err := Texts(raw, find); err == nil {
		t.Error("found another text")
	}
	if _, err := Texts(raw[:len(raw)/2], find); err == nil {
		t.Error("read half a document")
	}
}

// TestQuestion: what another process answers to a question's bytes is what the rules answer here, for updates that share
// a class too, and for those that have none.
func TestQuestion(t *testing.T) {
	v := evaluator(t, tenant(policy.Module{Path: "x.rego", Text: kernels}))
	updates := append(distinct(100), distinct(30)...)
	updates[7].Name = "\xff"
	want, _ := v.Answers(t.Context(), updates)
	q, err := v.Question(updates)
	if err != nil {
		t.Fatal(err)
	}
	byClass, err := Unpack(Pack((&Replayer{}).Ask(t.Context(), q.Input, q.Modules, func() {})))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := q.Answers(byClass); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: got %+v, want %+v", err, got, want)
	}
	if _, err := q.Answers(byClass[1:]); err == nil {
		t.Error("an answer is missing and nobody minds")
	}
	for _, a := range q.Denied("too much") {
		if len(a.Grants) > 0 || len(a.Blocks) != 1 || a.Blocks[0].Kind != decision.Failed {
			t.Errorf("%+v is no deny", a)
		}
	}
}

// TestPackErrors: what is wrong with modules travels as diagnostics.
func TestPackErrors(t *testing.T) {
	broken := tenant(policy.Module{Path: "x.rego", Text: "package ringfence.custom\nreject if true"})
	rules, err := RulesOf(broken, policies.Decide)
	if err != nil {
		t.Fatal(err)
	}
	q, err := rules.Question(distinct(3))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Unpack(Pack((&Replayer{}).Ask(t.Context(), q.Input, q.Modules, func() {})))
	var list diag.List
	if !errors.As(err, &list) || list[0].Code != diag.BadRego || list[0].Range.File != "x.rego" {
		t.Errorf("%v", err)
	}
	if _, _, err := UnpackTests(PackTests(Test(t.Context(), broken.Modules))); !errors.As(err, &list) {
		t.Errorf("%v", err)
	}
}

// FuzzUnpack: whatever arrives, it is answers or an error.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte(`{"answers":[{}],"of":[0,0]}`))
	f.Add([]byte(`{"of":[1]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if answers, err := Unpack(data); err == nil && len(answers) == 0 && !bytes.Contains(data, []byte("{")) && !bytes.Contains(data, []byte("null")) {
			t.Errorf("%q is answers", data)
		}
	})
}
