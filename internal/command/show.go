package command

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/phrase"
)

type showFlags struct {
	policy, rev, format string
	deviations          bool
	at                  instant
}

func newShow(a *app) *cobra.Command {
	var f showFlags
	c := &cobra.Command{
		Use:   "show [FILE]",
		Short: "Print a plan file, or a policy in plain English",
		Long: `Prints a plan or sealed plan as plan printed it. The file is checked against its digest first; an edited or shortened
one is refused. Inside the policy repository times are shown in the tenant's zone, elsewhere in UTC.

With --policy, the whole policy of a tenant in plain English: who is in each ring, when it is changed, what it waits for.
It reads the working folder, so that a change can be looked at before it is committed.

With --deviations, what tenants that share a definition of the baseline have otherwise than it: parameters that they set,
parts that they change, add or switch off, rings that leave a default.

  ringfence show plan.json
  ringfence show --policy acme
  ringfence show --policy acme --format markdown --rev HEAD     for a pull request, with places
  ringfence show --deviations`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.valid(args); err != nil {
				return usage(c, err)
			}
			return a.show(c.Context(), f, args)
		},
	}
	c.Flags().StringVar(&f.policy, "policy", "", "show the policy of `TENANT` in plain English")
	c.Flags().BoolVar(&f.deviations, "deviations", false, "show in what tenants differ from their baseline")
	c.Flags().StringVar(&f.rev, "rev", "", "read revision `REV` instead of the working folder")
	c.Flags().StringVar(&f.format, "format", "text", "`FORMAT` of a policy or of deviations: text, markdown or json")
	f.at.flag(c, "count the next windows from `TIME` (default: now)")
	return c
}

// valid says what is wrong with the command line: exactly one thing is shown.
func (f showFlags) valid(args []string) error {
	things := len(args)
	if f.policy != "" {
		things++
	}
	if f.deviations {
		things++
	}
	switch {
	case things == 0:
		return errors.New("show needs a plan FILE, --policy TENANT or --deviations")
	case things > 1:
		return errors.New("show takes one of a plan FILE, --policy and --deviations")
	case len(args) > 0 && f.format != "text":
		return errors.New("--format goes with --policy and --deviations; a plan file is JSON as it stands")
	case documentWriters[f.format] == nil:
		return fmt.Errorf("--format is text, markdown or json, not %q", f.format)
	}
	return nil
}

func (a *app) show(ctx context.Context, f showFlags, args []string) error {
	switch {
	case f.policy != "":
		return a.showPolicy(ctx, f)
	case f.deviations:
		return a.showDeviations(ctx, f)
	}
	made, preview, err := a.loadPlan(args[0])
	if err != nil {
		return err
	}
	a.showPlan(made, preview, a.tenantOf(ctx, made))
	return nil
}

// loadPlan reads a plan file and refuses everything but what plan wrote.
func (a *app) loadPlan(path string) (*plan.Plan, *plan.Preview, error) {
	f, err := os.Open(join(a.Dir, path))
	if err != nil {
		return nil, nil, diag.New(diag.BadPlanFile, "%s cannot be read: %s", path, plainly(err)).WithFix("make one: ringfence plan --tenant TENANT -out %s", phrase.Word(path))
	}
	defer f.Close()
	made, preview, err := plan.Load(f)
	if err != nil {
		why, name := "is not a plan", "plan.json" // what it is instead must not be written over
		switch {
		case errors.Is(err, plan.ErrEdited):
			why, name = "was edited after plan wrote it", path
		case errors.Is(err, plan.ErrTruncated):
			why = "is cut short"
		}
		return nil, nil, diag.New(diag.BadPlanFile, "%s %s", path, why).WithDetail("%s", plainly(err)).
			WithFix("plans are not edited by hand; make a new one: ringfence plan --tenant TENANT -out %s", phrase.Word(name))
	}
	return made, preview, nil
}

// tenantOf finds the plan's tenant for its time zone; outside the repository there is none, and UTC must do.
func (a *app) tenantOf(ctx context.Context, p *plan.Plan) *policy.Tenant {
	ws, err := a.at(ctx, "HEAD")
	if err != nil {
		return nil
	}
	return ws.set.Tenant(p.Tenant)
}
