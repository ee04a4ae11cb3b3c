package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger/verify"
)

var _ verify.Decider = redecide

// redecide evaluates recorded rules for a verifier: those of the recorded policy, with the very modules that were used.
func redecide(ctx context.Context, t *policy.Tenant, asked []byte, text func(string) (string, bool), updates []inventory.Update) ([]decision.Answer, error) {
	if err := sameRules(t, asked); err != nil {
		return nil, err
	}
	byClass, err := decide.Replay(ctx, asked, text)
	if err != nil {
		return nil, err
	}
	out := make([]decision.Answer, len(updates))
	for i, u := range updates {
		class, err := decide.ClassOf(u).Digest()
		if err != nil {
			return nil, err
		}
		answer, ok := byClass[class]
		if !ok {
			return nil, fmt.Errorf("the rules were not asked about %s", u.PURL)
		}
		out[i] = answer
	}
	return out, nil
}

// sameRules: what the rules were asked is of this policy and no other.
func sameRules(t *policy.Tenant, asked []byte) error {
	var in decide.Input
	if err := json.Unmarshal(asked, &in); err != nil {
		return fmt.Errorf("inputs/decide.json: %w", err)
	}
	modules := []decide.ModuleDigest{}
	for _, m := range t.Modules {
		modules = append(modules, decide.ModuleDigest{Path: m.Path, Digest: canonical.DigestBytes([]byte(m.Text))})
	}
	if len(in.Modules) == 0 {
		in.Modules = []decide.ModuleDigest{}
	}
	theirs, err := canonical.Marshal([]any{in.Tenant, in.Rules, in.Otherwise, in.Lanes, in.Freezes, in.Modules})
	if err != nil {
		return err
	}
	ours, err := canonical.Marshal([]any{t.Name, t.Rules, t.Otherwise, t.Lanes, t.Freezes, modules})
	if err != nil {
		return err
	}
	if !bytes.Equal(theirs, ours) {
		return errors.New("inputs/decide.json has other rules than inputs/policy.json")
	}
	return nil
}
