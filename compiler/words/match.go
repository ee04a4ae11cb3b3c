package words

import "github.com/ringfence/ringfence/compiler/policy"

// match says which updates a match takes, as a clause: "that is known to be exploited". All of it must hold.
func match(m *policy.Match) string {
	if m == nil {
		return "of any kind"
	}
	var out []string
	if m.Exploited != nil {
		out = append(out, exploited(*m.Exploited))
	}
	if len(m.Classification) > 0 {
		out = append(out, "whose class is "+or(m.Classification))
	}
	if len(m.Severity) > 0 {
		out = append(out, "whose severity is "+or(m.Severity))
	}
	if len(m.Package) > 0 {
		out = append(out, "whose package is "+or(globs(m.Package)))
	}
	if len(m.Origin) > 0 {
		out = append(out, "whose origin is "+or(globs(m.Origin)))
	}
	if len(m.Advisory) > 0 {
		out = append(out, "that has an advisory "+or(globs(m.Advisory)))
	}
	if len(m.PURL) > 0 {
		out = append(out, "that is exactly "+or(m.PURL))
	}
	if len(out) == 0 {
		return "of no kind"
	}
	return and(out)
}

// globs tells patterns from names.
func globs(list []string) (out []string) {
	for _, s := range list {
		if policy.IsGlob(s) {
			s = "like " + s
		}
		out = append(out, s)
	}
	return out
}

func exploited(yes bool) string {
	if yes {
		return "that is known to be exploited"
	}
	return "that is not known to be exploited"
}
