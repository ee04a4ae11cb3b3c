package decide

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
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

// Rules are a tenant's rules as text: nothing is compiled.
type Rules struct {
	tenant  *policy.Tenant
	builtin []policy.Module
}

// RulesOf goes with the built-in rules below the root of files. The tenant must not change while they are in use.
func RulesOf(t *policy.Tenant, files fs.FS) (Rules, error) {
	builtin, err := read(files)
	return Rules{t, builtin}, err
}

// Input returns the canonical document for these updates. The same set of classes gives the same bytes, in whatever
// order and number the updates come.
func (r Rules) Input(updates []inventory.Update) ([]byte, error) {
	return canonical.Marshal(r.input(sortedClasses(updates)))
}

func (r Rules) input(classes []Class) Input {
	t := r.tenant
	return Input{
		APIVersion: canonical.APIVersion, Kind: "DecisionInput", Tenant: t.Name, OPA: version.Version,
		Rules: t.Rules, Otherwise: t.Otherwise, Lanes: t.Lanes, Freezes: t.Freezes,
		Builtin: digests(r.builtin), Modules: digests(t.Modules), Updates: classes,
	}
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
func (r Rules) Modules() []policy.Module {
	return append(append([]policy.Module{}, r.builtin...), r.tenant.Modules...)
}

func digests(modules []policy.Module) []ModuleDigest {
	out := make([]ModuleDigest, len(modules))
	for i, m := range modules {
		out[i] = ModuleDigest{m.Path, canonical.DigestBytes([]byte(m.Text))}
	}
	return out
}

// Texts finds the text of every module that a document names, by digest; what text returns is measured again.
func Texts(raw []byte, text func(digest string) (string, bool)) (out []policy.Module, err error) {
	in, err := readInput(raw)
	if err != nil {
		return nil, err
	}
	for _, m := range slices.Concat(in.Builtin, in.Modules) {
		s, ok := text(m.Digest)
		if !ok || canonical.DigestBytes([]byte(s)) != m.Digest {
			return nil, fmt.Errorf("module %s: no text with digest %s", m.Path, m.Digest)
		}
		out = append(out, policy.Module{Path: m.Path, Text: s})
	}
	return out, nil
}

// ByClass gives each update the answer of its class in a document; answers are those of Ask, in its order. An update
// whose class the document does not have is an error.
func ByClass(raw []byte, answers []decision.Answer, updates []inventory.Update) ([]decision.Answer, error) {
	in, err := readInput(raw)
	if err != nil {
		return nil, err
	}
	if len(in.Updates) != len(answers) {
		return nil, fmt.Errorf("%w: %d answers for %d classes", errWrongType, len(answers), len(in.Updates))
	}
	byDigest := map[string]decision.Answer{}
	for i, c := range in.Updates {
		id, err := c.Digest()
		if err != nil {
			return nil, fmt.Errorf("update %d: %w", i, err)
		}
		answers[i].Class = id
		byDigest[id] = answers[i]
	}
	out := make([]decision.Answer, len(updates))
	for i, u := range updates {
		id, err := ClassOf(u).Digest()
		if err != nil {
			return nil, err
		}
		answer, ok := byDigest[id]
		if !ok {
			return nil, fmt.Errorf("the rules were not asked about %s", u.PURL)
		}
		out[i] = answer
	}
	return out, nil
}

func readInput(raw []byte) (in Input, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil || in.Kind != "DecisionInput" {
		return in, fmt.Errorf("read the decision input: not a DecisionInput document: %w", err)
	}
	return in, nil
}

// Replayer answers documents that Input wrote. It keeps what it compiled for the next one, so it is for one goroutine.
// The zero Replayer is ready.
type Replayer struct {
	engines map[string]*Engine // by digest of the built-in modules
}

// maxEngines bounds what a Replayer keeps. A ledger has as many as releases wrote to it.
const maxEngines = 4

// Ask returns one answer for each class of a document, same index. Modules are those that the document names, in its
// order, as Texts and Rules.Modules list them. It calls mark from time to time, so that somebody who watches sees
// progress. Modules that break the contract are a diag.List.
func (r *Replayer) Ask(ctx context.Context, raw []byte, modules []policy.Module, mark func()) ([]decision.Answer, error) {
	in, err := readInput(raw)
	if err != nil {
		return nil, err
	}
	own := len(modules) - len(in.Modules)
	if own != len(in.Builtin) {
		return nil, fmt.Errorf("the document names %d modules, not %d", len(in.Builtin)+len(in.Modules), len(modules))
	}
	engine, err := r.engine(ctx, modules[:own])
	if err != nil {
		return nil, err
	}
	v, err := engine.Evaluator(ctx, &policy.Tenant{
		Name: in.Tenant, Rules: in.Rules, Otherwise: in.Otherwise, Lanes: in.Lanes, Freezes: in.Freezes, Modules: modules[own:],
	})
	if err != nil {
		return nil, err
	}
	return v.classes(ctx, in.Updates, mark), nil
}

func (r *Replayer) engine(ctx context.Context, builtin []policy.Module) (*Engine, error) {
	key, err := canonical.Digest(builtin)
	if err != nil {
		return nil, err
	}
	if e := r.engines[key]; e != nil {
		return e, nil
	}
	e, err := newEngine(ctx, builtin)
	if err != nil {
		return nil, err
	}
	if r.engines == nil || len(r.engines) == maxEngines {
		r.engines = map[string]*Engine{}
	}
	r.engines[key] = e
	return e, nil
}
