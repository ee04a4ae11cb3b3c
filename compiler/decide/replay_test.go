package decide

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
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
	byClass, err := Replay(t.Context(), raw, find)
	if err != nil {
		t.Fatal(err)
	}
	answers, digests := v.Answers(t.Context(), updates)
	for i, d := range digests {
		if !reflect.DeepEqual(byClass[d], answers[i]) {
			t.Errorf("got %+v, want %+v", byClass[d], answers[i])
		}
	}
	for d := range texts {
		texts[d] += "\n"
	}
	if _, err := Replay(t.Context(), raw, find); err == nil {
		t.Error("replayed with another text")
	}
	if _, err := Replay(t.Context(), raw[:len(raw)/2], find); err == nil {
		t.Error("replayed half a document")
	}
}
