package view

import (
	"github.com/ringfence/ringfence/compiler/effect"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/phrase"
)

// WereNever names tenants, at their sites, out of all that are compared: "acme was", "acme, globex were".
func WereNever(all, where []effect.TenantDiff) string {
	var names []string
	for _, t := range where {
		names = append(names, sited(all, t))
	}
	if len(names) == 1 {
		return names[0] + " was"
	}
	return phrase.Some(names) + " were"
}

// fetchRecords brings the ledgers of all tenants into a clone that has none, such as that of a pull request's job.
const fetchRecords = "git fetch origin '+refs/heads/ringfence/*:refs/remotes/origin/ringfence/*'"

// WayToKnow is how what is not known becomes known.
func WayToKnow(all, where []effect.TenantDiff) string {
	flags := "TENANT"
	if len(where) == 1 {
		flags = where[0].Tenant
		if sited(all, where[0]) != flags || where[0].Site != policy.DefaultSite {
			flags += " --site " + where[0].Site
		}
	}
	return "ringfence scan --tenant " + flags + ", or bring the records of who scanned: " + fetchRecords
}

// sited names a tenant, and the site where several of it are compared.
func sited(all []effect.TenantDiff, t effect.TenantDiff) string {
	n := 0
	for _, other := range all {
		if other.Tenant == t.Tenant {
			n++
		}
	}
	if n > 1 {
		return t.Tenant + " at " + t.Site
	}
	return t.Tenant
}
