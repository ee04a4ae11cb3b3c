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
)

// redecide evaluates recorded rules for a verifier: those of the recorded policy, with the very modules that were used.
// They are somebody's programs like any other, so they run in a child, and are asked anew each time: a cache is no proof.
func (a *app) redecide(ctx context.Context, t *policy.Tenant, asked []byte, text func(string) (string, bool), updates []inventory.Update) ([]decision.Answer, error) {
	if err := sameRules(t, asked); err != nil {
		return nil, err
	}
	modules, err := decide.Texts(asked, text)
	if err != nil {
		return nil, err
	}
	r := a.pool().Ask(ctx, asked, modules)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case r.Failure != "":
		return nil, fmt.Errorf("the recorded rules exceed a limit: %s", r.Failure)
	}
	answers, err := decide.Unpack(r.Data)
	if err != nil {
		return nil, err
	}
	return decide.ByClass(asked, answers, updates)
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
