package decide

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
)

// Bounds of what modules may say of one class. More is an error, and so a deny: cutting a list could lose its strictest
// entry.
const (
	maxBlocks    = 64
	maxText      = 1000 // bytes of a message or role
	maxApprovers = 100
)

// block reads an element of an acting rule.
func (r actingRule) block(element any) (decision.Block, error) {
	b, why := r.read(element)
	if why != "" {
		return decision.Block{}, r.wrong(why)
	}
	return b, nil
}

// read takes an element apart: exactly msg, and for require also approvers and role. It says why it is none.
func (r actingRule) read(element any) (b decision.Block, why string) {
	object, ok := element.(map[string]any)
	if !ok {
		return b, "an element is not an object"
	}
	b = decision.Block{Kind: r.kind, Rule: r.pkg, Source: r.source}
	if b.Msg, ok = text(object["msg"]); !ok {
		return b, "msg must be a text of 1 to 1000 bytes"
	}
	if r.kind == decision.RequireKind {
		if b.Require, ok = require(object); !ok {
			return b, "approvers must be a whole number from 1 to 100, role a text"
		}
	}
	if len(object) != len(keys[r.kind]) {
		return b, "an element has keys that are not read"
	}
	return b, ""
}

func (r actingRule) wrong(why string) error {
	return &ruleError{r, fmt.Errorf("%w: %s", errWrongType, why)}
}

func text(v any) (string, bool) {
	s, ok := v.(string)
	return s, ok && strings.TrimSpace(s) != "" && len(s) <= maxText && utf8.ValidString(s)
}

func require(object map[string]any) (*policy.Require, bool) {
	role, ok := text(object["role"])
	n, isNumber := object["approvers"].(json.Number)
	approvers, err := n.Int64()
	if !ok || !isNumber || err != nil || approvers < 1 || approvers > maxApprovers {
		return nil, false
	}
	return &policy.Require{Approvers: int(approvers), Role: role}, true
}

func sortBlocks(blocks []decision.Block) {
	slices.SortFunc(blocks, func(a, b decision.Block) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Msg, b.Msg), cmp.Compare(a.Source, b.Source),
			compareRequire(a.Require, b.Require))
	})
}

func compareRequire(a, b *policy.Require) int {
	if a == nil || b == nil {
		return 0 // the kind has told them apart
	}
	return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Approvers, b.Approvers))
}

// ruleError is an error of one acting rule.
type ruleError struct {
	rule actingRule
	err  error
}

func (e *ruleError) Error() string { return e.err.Error() }
func (e *ruleError) Unwrap() error { return e.err }

// failed is the answer for a class that could not be evaluated: no grant, and a block that says why and where. rule is
// what is blamed unless the error knows better.
func failed(rule string, err error) decision.Answer {
	b := decision.Block{Kind: decision.Failed, Rule: rule, Msg: oneLine(err.Error())}
	var inRule *ruleError
	var inEngine *topdown.Error
	switch {
	case errors.As(err, &inRule):
		b.Rule, b.Source = inRule.rule.pkg, inRule.rule.source
	case errors.As(err, &inEngine):
		b.Msg, b.Source = oneLine(inEngine.Message), place(inEngine.Location)
	}
	b.Msg = strings.ToValidUTF8(b.Msg[:min(len(b.Msg), maxText)], "")
	return decision.Answer{
		Grants: []decision.Grant{}, Blocks: []decision.Block{b}, Lanes: []string{}, Freezes: []string{},
	}
}
