package decide

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/version"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
)

// Input is everything that answers depend on. The ledger keeps it beside the modules that it names, so that any later
// release can ask the same question again and compare.
type Input struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"` // "DecisionInput"
	Tenant     string          `json:"tenant"`
	OPA        string          `json:"opa"` // its version
	Rules      []policy.Rule   `json:"rules"`
	Otherwise  *policy.Rule    `json:"otherwise"`
	Lanes      []policy.Lane   `json:"lanes"`
	Freezes    []policy.Freeze `json:"freezes"`
	Builtin    []ModuleDigest  `json:"builtin"` // Ringfence's own rules
	Modules    []ModuleDigest  `json:"modules"` // the user's
	Updates    []Class         `json:"updates"` // distinct, sorted by digest
}

// ModuleDigest names the exact text of a module.
type ModuleDigest struct {
	Path   string `json:"path"`
	Digest string `json:"digest"` // of the text
}

// Input returns the canonical document for these updates. The same set of classes gives the same bytes, in whatever
// order and number the updates come.
func (v *Evaluator) Input(updates []inventory.Update) ([]byte, error) {
	classes, t := sortedClasses(updates), v.tenant
	return canonical.Marshal(Input{
		APIVersion: "ringfence.dev/v1", Kind: "DecisionInput", Tenant: t.Name, OPA: version.Version,
		Rules: t.Rules, Otherwise: t.Otherwise, Lanes: t.Lanes, Freezes: t.Freezes,
		Builtin: digests(v.engine.modules), Modules: digests(t.Modules), Updates: classes,
	})
}

func sortedClasses(updates []inventory.Update) []Class {
	classes, ids, _ := intern(updates)
	byDigest := make(map[string]Class, len(classes))
	for i, id := range ids {
		byDigest[id] = classes[i]
	}
	out := make([]Class, 0, len(classes))
	for _, id := range slices.Sorted(maps.Keys(byDigest)) {
		out = append(out, byDigest[id])
	}
	return out
}

// Modules returns the text of every module that Input names, the built-in ones first, for storage by digest.
func (v *Evaluator) Modules() []policy.Module {
	return append(append([]policy.Module{}, v.engine.modules...), v.tenant.Modules...)
}

func digests(modules []policy.Module) []ModuleDigest {
	out := make([]ModuleDigest, len(modules))
	for i, m := range modules {
		out[i] = ModuleDigest{m.Path, canonical.DigestBytes([]byte(m.Text))}
	}
	return out
}

// Replay evaluates a document that Input wrote and returns the answers by class digest. text finds the text of a module
// by its digest; what it returns is measured again.
func Replay(ctx context.Context, raw []byte, text func(digest string) (string, bool)) (map[string]decision.Answer, error) {
	var in Input
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil || in.Kind != "DecisionInput" {
		return nil, fmt.Errorf("read the decision input: not a DecisionInput document: %w", err)
	}
	builtin, err := texts(in.Builtin, text)
	if err != nil {
		return nil, err
	}
	modules, err := texts(in.Modules, text)
	if err != nil {
		return nil, err
	}
	engine, err := newEngine(ctx, builtin)
	if err != nil {
		return nil, err
	}
	v, err := engine.Evaluator(ctx, &policy.Tenant{
		Name: in.Tenant, Rules: in.Rules, Otherwise: in.Otherwise, Lanes: in.Lanes, Freezes: in.Freezes, Modules: modules,
	})
	if err != nil {
		return nil, err
	}
	return v.replay(ctx, in.Updates)
}

func texts(list []ModuleDigest, text func(digest string) (string, bool)) (out []policy.Module, err error) {
	for _, m := range list {
		s, ok := text(m.Digest)
		if !ok || canonical.DigestBytes([]byte(s)) != m.Digest {
			return nil, fmt.Errorf("module %s: no text with digest %s", m.Path, m.Digest)
		}
		out = append(out, policy.Module{Path: m.Path, Text: s})
	}
	return out, nil
}

func (v *Evaluator) replay(ctx context.Context, classes []Class) (map[string]decision.Answer, error) {
	out := make(map[string]decision.Answer, len(classes))
	for i, a := range v.classes(ctx, classes) {
		id, err := classes[i].Digest()
		if err != nil {
			return nil, fmt.Errorf("update %d: %w", i, err)
		}
		a.Class = id
		out[id] = a
	}
	return out, nil
}
