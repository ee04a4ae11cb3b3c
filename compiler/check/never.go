package check

import (
	"slices"

	"github.com/package-url/packageurl-go"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// contradictions looks for matches that no update can meet: exact updates none of which is a package that is asked for.
// Of the other fields each may come with any: class, severity and origin are what a source says, whatever the package.
func (c *checker) contradictions() {
	for _, r := range c.Tenant.Rules {
		c.contradiction("rule", r.Name, *r.Match, "approval", r.Name, "match")
	}
	for _, l := range c.Tenant.Lanes {
		c.contradiction("lane", l.Name, l.Match, "lanes", l.Name, "match")
	}
	for _, f := range c.Tenant.Freezes {
		if f.Allow != nil {
			c.contradiction("allow of freeze", f.Name, *f.Allow, "freezes", f.Name, "allow")
		}
	}
}

func (c *checker) contradiction(what, name string, m policy.Match, path ...string) {
	if len(m.PURL) == 0 || len(m.Package) == 0 || slices.ContainsFunc(m.PURL, func(p string) bool { return named(p, m.Package) }) {
		return
	}
	d := diag.New(diag.NeverMatches, "the %s %q matches no update: none of its purls is a package that it names", what, name).
		WithFix("all fields of a match must hold: remove package, which the purls say already, or write what they name")
	d.Severity = diag.Warning
	c.add(d, path...)
}

// named reports whether an exact update may be of one of some packages. Of what cannot be read nobody knows.
func named(purl string, packages []string) bool {
	p, err := packageurl.FromString(purl)
	return err != nil || slices.ContainsFunc(packages, func(g string) bool { return isPackage(g, p.Name) })
}

// isPackage reports whether a pattern, or a plain name, is that of a package.
func isPackage(pattern, name string) bool {
	return pattern == name || policy.IsGlob(pattern) && globMatches(pattern, name)
}
