package command

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
)

func newShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show FILE",
		Short: "Print a plan file as plan printed it",
		Long: `Prints a plan or sealed plan. The file is checked against its digest first; an edited or shortened one is refused.
Inside the policy repository times are shown in the tenant's zone, elsewhere in UTC.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			made, preview, err := a.loadPlan(args[0])
			if err != nil {
				return err
			}
			a.showPlan(made, preview, a.tenantOf(c.Context(), made))
			return nil
		},
	}
}

// loadPlan reads a plan file and refuses everything but what plan wrote.
func (a *app) loadPlan(path string) (*plan.Plan, *plan.Preview, error) {
	f, err := os.Open(join(a.Dir, path))
	if err != nil {
		return nil, nil, diag.New(diag.BadPlanFile, "%s cannot be read: %s", path, plainly(err)).WithFix("make one: ringfence plan --tenant TENANT -out %s", path)
	}
	defer f.Close()
	made, preview, err := plan.Load(f)
	if err != nil {
		why := "is not a plan"
		switch {
		case errors.Is(err, plan.ErrEdited):
			why = "was edited after plan wrote it"
		case errors.Is(err, plan.ErrTruncated):
			why = "is cut short"
		}
		return nil, nil, diag.New(diag.BadPlanFile, "%s %s", path, why).WithDetail("%s", plainly(err)).
			WithFix("plans are not edited by hand; make a new one: ringfence plan --tenant TENANT -out %s", path)
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
