package check

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

// covered reports whether each update that m takes is taken by one of others. It goes through what a source can say of
// an update in a few words, as one of the others may take what another leaves; of patterns only plain relations count, so
// the answer errs on the side of no. An empty m takes everything, an empty one of the others nothing.
func covered(m policy.Match, others []claim) bool {
	others = slices.DeleteFunc(slices.Clone(others), func(o claim) bool { return o.match.Empty() || !around(o.match, m) })
	if len(others) == 0 {
		return false
	}
	for _, exploited := range []bool{true, false} {
		for _, class := range inventory.Classes {
			for _, severity := range inventory.Severities {
				k := kind{exploited, string(class), severity}
				if k.in(m) && !slices.ContainsFunc(others, func(o claim) bool { return k.in(o.match) }) {
					return false
				}
			}
		}
	}
	return true
}

// kind is what a source says of an update in words of closed sets.
type kind struct {
	exploited       bool
	class, severity string
}

func (k kind) in(m policy.Match) bool {
	return (m.Exploited == nil || *m.Exploited == k.exploited) &&
		(len(m.Classification) == 0 || slices.Contains(m.Classification, k.class)) &&
		(len(m.Severity) == 0 || slices.Contains(m.Severity, k.severity))
}

// around reports whether o asks for no name that m does not ask for. Each update has the name of a package; its origin may
// be unknown, and it may have no advisory.
func around(o, m policy.Match) bool {
	if slices.Contains(o.Package, "*") {
		o.Package = nil
	}
	for _, l := range [][2][]string{{o.Package, m.Package}, {o.Origin, m.Origin}, {o.Advisory, m.Advisory}} {
		if len(l[0]) > 0 && !within(l[1], l[0]) {
			return false
		}
	}
	return len(o.PURL) == 0 || len(m.PURL) > 0 && !slices.ContainsFunc(m.PURL, func(p string) bool { return !slices.Contains(o.PURL, p) })
}

// within reports whether each of some globs matches nothing that others do not. No glob at all stands for everything.
func within(globs, others []string) bool {
	for _, g := range globs {
		if !slices.ContainsFunc(others, func(o string) bool { return narrower(g, o) }) {
			return false
		}
	}
	return len(globs) > 0
}

// narrower reports whether all that a glob matches is matched by another.
func narrower(glob, other string) bool {
	switch {
	case glob == other:
		return true
	case !policy.IsGlob(other):
		return false
	case !policy.IsGlob(glob):
		return globMatches(other, glob)
	}
	start := literal(other)
	return other == start+"*" && strings.HasPrefix(literal(glob), start)
}
