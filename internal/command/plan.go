package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/view"
	"github.com/ringfence/ringfence/runner"
)

type planFlags struct {
	scope
	rev, out string
	base     string
	preview  bool
	detailed bool
	parallel int
	at       instant
}

func newPlan(a *app) *cobra.Command {
	var f planFlags
	c := &cobra.Command{
		Use:   "plan",
		Short: "Show which update goes to which host when, and what waits for what",
		Long: `Makes the plan of one tenant from the policy at HEAD, its newest snapshot and the recorded evidence. The same inputs
give the same bytes; nothing is changed and, without --preview, no host is asked.

  ringfence plan --tenant acme --at 2026-11-28T19:00:00Z -out plan.json
  ringfence plan --tenant acme --preview -out plan.json     asks each host's resolver what it would do

Exit 0 whatever the plan holds; with -detailed-exitcode 2 when it has a wave.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case f.base == "":
				return a.plan(c.Context(), f)
			case f.out != "" || f.preview:
				return usage(c, errors.New("--base compares two plans and keeps none: leave out --out and --preview"))
			}
			return a.diff(c.Context(), diffFlags{scope: f.scope, base: f.base, head: f.rev, format: "text", detailed: f.detailed, at: f.at})
		},
	}
	f.scope.flags(c)
	c.Flags().StringVar(&f.rev, "rev", "HEAD", "plan with the policy of `REV`")
	c.Flags().StringVar(&f.base, "base", "", "say what changes from the plans of `REV` instead, as diff does")
	c.Flags().StringVar(&f.out, "out", "", "also write the plan to `FILE`, for apply")
	c.Flags().BoolVar(&f.preview, "preview", false, "ask the hosts' package managers for the exact outcome and seal it into the plan")
	c.Flags().BoolVar(&f.detailed, "detailed-exitcode", false, "exit 2 when the plan has a wave")
	c.Flags().IntVar(&f.parallel, "parallel", 16, "preview at most `N` hosts at once")
	f.at.flag(c, "plan as of `TIME` (default: now)")
	return c
}

func (a *app) plan(ctx context.Context, f planFlags) error {
	ws, err := a.planned(ctx, f.rev)
	if err != nil {
		return err
	}
	p, err := a.enter(ctx, ws, f.scope)
	if err != nil {
		return err
	}
	at := a.reading(f.at)
	made, snapshot, err := p.plan(ctx, at)
	if err != nil {
		return err
	}
	if err := p.tellDecisions(ctx, at, snapshot); err != nil {
		return err
	}
	var preview *plan.Preview
	if f.preview {
		if preview, err = p.preview(ctx, made, at, f.parallel); err != nil {
			return err
		}
	}
	if err := a.writePlan(ctx, f.out, made, preview); err != nil {
		return err
	}
	a.showAlarms(made.Tenant, p.overdue)
	a.showPlan(made, preview, p.tenant)
	p.planNext(f)
	if f.detailed && hasWaves(made) {
		return done(ExitChanges)
	}
	return nil
}

// tellDecisions writes into the streams, where there are any, what was decided of each update in each ring.
func (p *pipeline) tellDecisions(ctx context.Context, at time.Time, s *inventory.Snapshot) error {
	if !p.out.streaming() {
		return nil
	}
	in, err := p.input(ctx, at, s)
	if err != nil {
		return err
	}
	list, err := plan.Decisions(in)
	for _, d := range list {
		p.out.emit("decision", fmt.Sprintf("%s/%s: %s %s", d.Tenant, d.Ring, phrase.Update(d.Update), d.Outcome), event{"decision": d})
	}
	return err
}

// planned compiles the revision to plan with; HEAD is the one that apply will read.
func (a *app) planned(ctx context.Context, rev string) (*workspace, error) {
	if rev == "HEAD" {
		return a.head(ctx)
	}
	return a.at(ctx, rev)
}

func hasWaves(p *plan.Plan) bool {
	for _, r := range p.Rings {
		if len(r.Waves) > 0 {
			return true
		}
	}
	return false
}

// showPlan prints the document on stdout: for people, or as the event that carries it.
func (a *app) showPlan(made *plan.Plan, preview *plan.Preview, t *policy.Tenant) {
	if a.json {
		a.out.emit("planned", made.Tenant, event{"plan": made})
		if preview != nil {
			a.out.emit("preview", made.Tenant, event{"preview": preview})
		}
		return
	}
	view.Plan(a.Stdout, made, preview, t)
}

func (p *pipeline) planNext(f planFlags) {
	site := ""
	if len(sites(p.tenant)) > 1 {
		site = " --site " + p.site
	}
	if f.out == "" {
		p.out.say("next: add -out plan.json to keep this plan, then ringfence apply plan.json%s", site)
		return
	}
	p.out.say("wrote %s\nnext: ringfence apply %s%s", f.out, phrase.Word(f.out), site)
}

// writePlan writes the document in one go, so that a file with its name is always a whole one.
func (a *app) writePlan(ctx context.Context, path string, made *plan.Plan, preview *plan.Preview) error {
	if path == "" {
		return nil
	}
	err := writeOut(ctx, join(a.Dir, path), func(w io.Writer) error {
		if preview == nil {
			return made.Encode(w)
		}
		sealed, err := plan.Seal(made, preview)
		if err != nil {
			return err
		}
		return sealed.Encode(w)
	})
	if err != nil {
		return notWritten(path, err)
	}
	return nil
}

// preview asks every planned host what its resolver would do.
func (p *pipeline) preview(ctx context.Context, made *plan.Plan, at time.Time, parallel int) (*plan.Preview, error) {
	f, err := p.fleet()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := runner.Preview(ctx, p.tenant, made, f, runner.ScanOptions{At: at, Parallel: parallel})
	if isProvider(err) {
		return nil, fail(ExitProvider, unwrapProvider(err))
	}
	if err != nil {
		return nil, err
	}
	return plan.NewPreview(made, list)
}
