package check

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// matches looks for lanes that claim the same update with the same priority.
func (c *checker) matches() {
	for i, a := range c.Tenant.Lanes {
		for _, b := range c.Tenant.Lanes[i+1:] {
			if a.Priority != b.Priority || disjoint(a.Match, b.Match) {
				continue
			}
			c.add(diag.New(diag.LaneTie, "the lanes %q and %q can match the same update with the same priority %d", a.Name, b.Name, a.Priority).
				WithRelated(c.Places.At("lanes", a.Name), "the other lane").
				WithFix("give the one that should win a higher priority"), "lanes", b.Name)
		}
	}
}

// disjoint reports whether no update can satisfy both.
func disjoint(a, b policy.Match) bool {
	if a.Exploited != nil && b.Exploited != nil && *a.Exploited != *b.Exploited {
		return true
	}
	for _, l := range [][2][]string{
		{a.Classification, b.Classification}, {a.Severity, b.Severity}, {a.PURL, b.PURL}, {a.Package, b.Package}, {a.Origin, b.Origin},
	} { // an update has one of each; of advisories it may have several
		if len(l[0]) > 0 && len(l[1]) > 0 && !slices.ContainsFunc(l[0], func(x string) bool { return overlaps(x, l[1]) }) {
			return true
		}
	}
	return false
}

// overlaps reports whether some text may match a glob and one of others. Of two patterns only the text before their
// first sign is compared, so the answer errs on the side of yes.
func overlaps(glob string, others []string) bool {
	return slices.ContainsFunc(others, func(o string) bool {
		switch {
		case !policy.IsGlob(glob) && !policy.IsGlob(o):
			return glob == o
		case policy.IsGlob(glob) && policy.IsGlob(o):
			x, y := literal(glob), literal(o)
			return strings.HasPrefix(x, y) || strings.HasPrefix(y, x)
		case policy.IsGlob(o):
			return globMatches(o, glob)
		}
		return globMatches(glob, o)
	})
}

func literal(glob string) string { return glob[:strings.IndexAny(glob+"*", "*?[")] }

func globMatches(glob, text string) bool {
	p, err := policy.GlobPattern(glob)
	if err != nil {
		return true
	}
	ok, err := regexp.MatchString(p, text)
	return ok || err != nil
}
