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
	if len(out) == 0 {
		return "of no kind"
	}
	return and(out)
}

func exploited(yes bool) string {
	if yes {
		return "that is known to be exploited"
	}
	return "that is not known to be exploited"
}
