package view

import (
	"fmt"
	"io"

	"github.com/ringfence/ringfence/compiler/effect"
)

// Text writes what is loud first, then tenant by tenant what is left.
func (v Diff) Text(w io.Writer) error {
	fmt.Fprintf(w, "Effect of %s\n", v.between())
	v.loudText(w)
	if where := v.unknown(); len(where) > 0 {
		fmt.Fprintf(w, "\n!!! %s\n!!! %s\n!!!   way out: %s\n", notKnown, line(WereNever(v.Document.Tenants, where)+" never scanned here"), line(WayToKnow(v.Document.Tenants, where)))
	}
	for _, t := range v.Document.Tenants {
		v.tenantText(w, t)
	}
	v.sentencesText(w)
	_, err := fmt.Fprintf(w, "\nDiff: %s.\n", v.summary())
	return err
}

func (v Diff) loudText(w io.Writer) {
	first := true
	for _, t := range v.Document.Tenants {
		for _, g := range t.Groups {
			if g.Kind != effect.RejectedToApproved {
				continue
			}
			if first {
				fmt.Fprintf(w, "\n!!! %s\n", kindTitles[g.Kind])
				first = false
			}
			v.groupText(w, "!!! ", v.sited(t)+", "+g.Ring, g, t.Tenant)
		}
	}
}

func (v Diff) tenantText(w io.Writer, t effect.TenantDiff) {
	why := v.standsFor(t)
	if why != "" {
		why = ": " + why
	}
	fmt.Fprintf(w, "\n%s%s\n", line(v.sited(t)), line(why))
	var last effect.Kind
	for _, g := range t.Groups {
		if g.Kind != last {
			last = g.Kind
			fmt.Fprintf(w, "  %s%s\n", kindTitles[g.Kind], map[bool]string{true: " (above)"}[g.Kind == effect.RejectedToApproved])
		}
		if g.Kind != effect.RejectedToApproved {
			v.groupText(w, "    ", g.Ring, g, t.Tenant)
		}
	}
}

func (v Diff) groupText(w io.Writer, indent, where string, g effect.DiffGroup, tenant string) {
	s := wordsOf(g, v.Clocks[tenant])
	fmt.Fprintf(w, "%s%s: %s\n", indent, line(where), line(s.what))
	fmt.Fprintf(w, "%s  was: %s\n%s  now: %s\n", indent, line(s.from), indent, line(s.to))
	fmt.Fprintf(w, "%s  because of: %s\n", indent, line(s.cause))
}
