package command

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// scope is the tenant and site that a verb works on.
type scope struct{ tenant, site string }

func (s *scope) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.tenant, "tenant", "", "the `TENANT` to work on (default: the only one)")
	c.Flags().StringVar(&s.site, "site", "", "the `SITE` whose hosts this machine reaches (default: the tenant's only one)")
}

// enter finds tenant and site and enters the pipeline there.
func (a *app) enter(ctx context.Context, ws *workspace, s scope) (*pipeline, error) {
	t, err := a.tenant(ws, s.tenant)
	if err != nil {
		return nil, err
	}
	if t.Disabled {
		return nil, switchedOff(t)
	}
	site, err := siteOf(t, s.site)
	if err != nil {
		return nil, err
	}
	return a.pipeline(ctx, ws, t, site)
}

// switchedOff refuses to work on a tenant whose policy says enabled: false.
func switchedOff(t *policy.Tenant) error {
	return diag.New(diag.TenantDisabled, "%s is switched off by its policy", t.Name).WithFix("remove enabled: false from tenant %s to have it back", t.Name)
}

// sites lists where a tenant has hosts, sorted; one without hosts is at the default site.
func sites(t *policy.Tenant) []string {
	var out []string
	for _, h := range t.Hosts {
		out = append(out, h.Site())
	}
	if len(out) == 0 {
		return []string{policy.DefaultSite}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func siteOf(t *policy.Tenant, name string) (string, error) {
	list := sites(t)
	switch {
	case name == "" && len(list) == 1:
		return list[0], nil
	case name == "":
		return "", diag.New(diag.TenantNeeded, "%s has hosts at several sites: %s", t.Name, strings.Join(list, ", ")).WithFix("name the one that this machine reaches: --site NAME")
	case !slices.Contains(list, name):
		return "", diag.New(diag.Usage, "%s has no host at site %q; its sites: %s", t.Name, name, strings.Join(list, ", ")).WithFix("see the site labels in the tenant's hosts files")
	}
	return name, nil
}
