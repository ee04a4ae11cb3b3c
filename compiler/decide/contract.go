package decide

import (
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/diag"
)

// acting are the rules that a module may define to take part in decisions. All of them tighten.
var acting = map[string]decision.BlockKind{
	"reject": decision.Reject, "hold": decision.Hold, "require": decision.RequireKind,
}

// loosening are names that read like a grant. A module that defines one expects an effect that rules never have.
var loosening = []string{"approve", "approved", "grant", "granted", "grants", "allow"}

// mistaken are names that would silently do nothing, and what their author meant.
var mistaken = map[string]string{
	"deny": "reject", "denied": "reject", "block": "reject", "blocks": "reject", "rejects": "reject", "rejected": "reject",
	"rejection": "reject", "violation": "reject", "holds": "hold", "held": "hold", "pending": "hold", "wait": "hold",
	"warn": "hold", "requires": "require", "required": "require",
}

// reserved is the prefix of rules that compileCustom adds.
const reserved = "__ringfence_"

// checkModule reports the package and the rules of a module that the contract does not have.
func checkModule(u userModule) (list diag.List) {
	if !knownPackage(u) {
		list = append(list, refuse(u.module.Package.Location, "package %s is not one that rules are read from", u.pkg).
			WithFix("use package %s in the baseline, or package %s.<tenant> for one tenant", customPackage, tenantPackage))
		return list
	}
	if home, ok := strings.CutPrefix(path.Dir(u.path), "tenants/"); ok && !belongs(u, home) {
		list = append(list, foreignTo(u, home))
	}
	for _, r := range u.module.Rules {
		if d, bad := checkRule(r); bad {
			list = append(list, d)
		}
	}
	return list
}

// belongs reports whether a module is one that the tenant's decisions ask, or a test of it.
func belongs(u userModule, tenant string) bool {
	name := u.pkg
	if isTest(u.path) {
		name = strings.TrimSuffix(name, "_test")
	}
	return name == customPackage || name == tenantPackage+"."+tenant // the first is for misplaced
}

// foreignTo refuses another tenant's module. Leaving it out would also leave out what its author wants refused.
func foreignTo(u userModule, tenant string) diag.Diagnostic {
	return refuse(u.module.Package.Location, "package %s does not belong to tenant %s", u.pkg, tenant).
		WithFix("use package %s, or move the file to the folder that it belongs to", ownPackage(tenant))
}

// misplaced says of modules in a folder whose package is not for it. In the baseline's package a tenant could define what a rule
// of the baseline hangs on, and so take a rejection away; in a tenant's package the baseline would speak for one tenant, or for
// none if the name is misspelt. Rules of plans that were made are not asked again.
func misplaced(u userModule) (diag.Diagnostic, bool) {
	dir := path.Dir(u.path)
	home, ofTenant := strings.CutPrefix(dir, "tenants/")
	switch {
	case ofTenant && u.pkg == customPackage:
		return refuse(u.module.Package.Location, "package %s is the baseline's, and this is tenant %s's folder", u.pkg, home).
			WithFix("use package %s, or move the file to baseline/, where it is for every tenant", ownPackage(home)), true
	case dir == "baseline" && u.pkg != customPackage && knownPackage(u):
		return refuse(u.module.Package.Location, "package %s is a tenant's, and this is the baseline", u.pkg).
			WithFix("use package %s, or move the file to the tenant's folder", customPackage), true
	}
	return diag.Diagnostic{}, false
}

// ownPackage is a tenant's package as Rego writes it.
func ownPackage(tenant string) string {
	if strings.Contains(tenant, "-") {
		return tenantPackage + "[\"" + tenant + "\"]"
	}
	return tenantPackage + "." + tenant
}

func knownPackage(u userModule) bool {
	name := u.pkg
	if isTest(u.path) {
		name = strings.TrimSuffix(name, "_test")
	}
	parts := u.module.Package.Path
	return name == customPackage || len(parts) == 4 && strings.HasPrefix(name, tenantPackage+".") && len(name) > len(tenantPackage)+1
}

func checkRule(r *ast.Rule) (diag.Diagnostic, bool) {
	name, at := ruleName(r), r.Head.Location
	lower := strings.ToLower(name)
	_, acts := acting[name]
	switch {
	case slices.Contains(loosening, lower):
		return refuse(at, "a module must not define %q: modules may only tighten", name).
			WithFix("grant with a rule of the policy (approval: …); here use reject, hold or require"), true
	case mistaken[lower] != "":
		return refuse(at, "a rule called %q has no effect; did you mean %q?", name, mistaken[lower]).
			WithFix("write: %s", example(acting[mistaken[lower]])), true
	case strings.HasPrefix(name, reserved):
		return refuse(at, "names that begin with %s are reserved", reserved).WithFix("give the rule another name"), true
	case acts && !isSet(r):
		return refuse(at, "%q must be a set of objects", name).WithFix("write: %s", example(acting[name])), true
	}
	return diag.Diagnostic{}, false
}

// ruleName is the first part of a rule's name: that of reject.x is reject.
func ruleName(r *ast.Rule) string {
	ref := r.Head.Ref()
	v, _ := ref[0].Value.(ast.Var)
	return string(v)
}

func isSet(r *ast.Rule) bool {
	return r.Head.RuleKind() == ast.MultiValue && len(r.Head.Ref()) == 1 && len(r.Head.Args) == 0 && !r.Default
}

// unused warns of helpers that nothing uses: often a misspelt reject.
func (c *compiled) unused() (list diag.List) {
	for _, m := range c.modules {
		if isTest(m.path) {
			continue
		}
		for _, r := range c.compiler.Modules[m.path].Rules {
			name := ruleName(r)
			if _, acts := acting[name]; acts || strings.HasPrefix(name, reserved) || len(c.compiler.Graph.Dependents(r)) > 0 {
				continue
			}
			d := refuse(r.Head.Location, "nothing uses the rule %q, and only reject, hold and require act", name)
			d.Severity = diag.Warning
			list = append(list, d)
		}
	}
	return list
}

// dangling reports references to data that no module defines. They would be undefined, and what depends on them silent.
func (c *compiled) dangling() (list diag.List) {
	for _, m := range c.modules {
		for _, r := range c.compiler.Modules[m.path].Rules {
			if strings.HasPrefix(ruleName(r), reserved) {
				continue
			}
			ast.WalkRefs(r, func(ref ast.Ref) bool {
				if ref.HasPrefix(ast.DefaultRootRef) && len(c.compiler.GetRules(ref.GroundPrefix())) == 0 {
					list = append(list, refuse(ref[0].Location, "no module defines %s", ref.GroundPrefix()).
						WithFix("rules see input.update and the rules of their own package and of %s", customPackage))
				}
				return false
			})
		}
	}
	return list
}
