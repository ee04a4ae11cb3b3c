package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/worker"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/policies"
)

// answers asks a tenant's rules about updates, one answer each. Rules of the schema alone are asked here. Modules are a
// user's programs: they run in a child with limits, all classes of updates in one call, and what they answered is kept.
// Whoever exceeds a limit is denied every update.
func (a *app) answers(ctx context.Context, t *policy.Tenant, updates []inventory.Update) ([]decision.Answer, error) {
	if len(t.Modules) == 0 {
		e, err := decide.New(ctx, t, policies.Decide)
		if err != nil {
			return nil, fmt.Errorf("prepare the rules of %s: %w", t.Name, err)
		}
		answers, _ := e.Answers(ctx, updates)
		return answers, nil
	}
	rules, err := decide.RulesOf(t, policies.Decide)
	if err != nil {
		return nil, err
	}
	q, err := rules.Question(updates)
	if err != nil {
		return nil, err
	}
	r := a.ask(ctx, q)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.Failure != "" {
		d := worker.Failed("asking the rules of "+t.Name, q.Place().File, r.Failure)
		a.once(d.WithFix("look for what multiplies in its Rego; until it is mended, every update of %s is denied", t.Name))
		return q.Denied(d.Summary), nil
	}
	byClass, err := decide.Unpack(r.Data)
	if err != nil {
		return nil, fmt.Errorf("prepare the rules of %s: %w", t.Name, err)
	}
	answers, err := q.Answers(byClass)
	a.sayFailed(t.Name, answers)
	return answers, err
}

// sayFailed says that rules failed for some updates, which are denied for it: one diagnostic, at the first rule.
func (a *app) sayFailed(tenant string, answers []decision.Answer) {
	var first decision.Block
	denied := 0
	for _, x := range answers {
		if len(x.Blocks) != 1 || x.Blocks[0].Kind != decision.Failed {
			continue
		}
		if b := x.Blocks[0]; denied == 0 || b.Source < first.Source {
			first = b
		}
		denied++
	}
	if denied > 0 {
		a.once(diag.New(diag.BadRego, "the rules of %s fail for %s: %s", tenant, phrase.Count(denied, "update"), untrusted.Line(first.Msg, 300)).
			At(diag.ParsePlace(first.Source)).WithFix("until that is mended, these updates are denied"))
	}
}

// ask goes to the cache first. A limit that was exceeded is kept like an answer if it would be exceeded again.
func (a *app) ask(ctx context.Context, q decide.Question) worker.Reply {
	h := sha256.New()
	_, _ = io.WriteString(h, "answers of rules\n"+a.tool()+"\n") // a hash never fails
	h.Write(q.Input)
	key := hex.EncodeToString(h.Sum(nil))
	cache := a.cache()
	if cache != nil {
		if data, ok := cache.Get(key); ok {
			return kept(data)
		}
	}
	r := a.pool().Ask(ctx, q.Input, q.Modules)
	switch {
	case cache == nil:
	case r.Failure.Lasting():
		cache.Put(key, []byte(limitMark+r.Failure))
	case r.Data != nil:
		cache.Put(key, r.Data)
	}
	return r
}

// limitMark begins an entry that says which limit was exceeded; answers are JSON.
const limitMark = "limit: "

func kept(data []byte) worker.Reply {
	if why, ok := strings.CutPrefix(string(data), limitMark); ok {
		return worker.Reply{Failure: worker.Failure(why)}
	}
	return worker.Reply{Data: data}
}

// once prints a diagnostic unless this invocation has done so.
func (a *app) once(d diag.Diagnostic) {
	if _, before := a.said.LoadOrStore(d.Error(), true); !before {
		a.out.diagnostics(diag.List{d}, nil)
	}
}
