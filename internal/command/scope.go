package command

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
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

// sitesAt is the site that is named, if the tenant has hosts there, or each of its sites if none is.
func sitesAt(t *policy.Tenant, name string) []string {
	return slices.DeleteFunc(sites(t), func(s string) bool { return name != "" && s != name })
}

// siteKnown refuses a site at which none of the tenants has a host: a verb that passes over all of them would do nothing
// and call it success.
func siteKnown(tenants []*policy.Tenant, name string) error {
	var all []string
	for _, t := range tenants {
		all = append(all, sites(t)...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	switch {
	case name == "" || slices.Contains(all, name):
		return nil
	case len(tenants) == 1:
		_, err := siteOf(tenants[0], name)
		return err
	}
	return diag.New(diag.Usage, "no tenant has a host at site %q%s", name, suggest.Tail(name, all)).WithFix("name one of: %s", strings.Join(all, ", "))
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
