package read

import (
	"regexp"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// match reads what a rule, lane or freeze applies to. An empty one would be everything by accident.
func (n node) match() policy.Match {
	m := policy.Match{
		Exploited:      n.get("exploited").boolean(),
		Classification: n.get("classification").anyOf("a class", func(c node) string { return c.enum(classes()...) }),
		Severity:       n.get("severity").anyOf("a severity", func(c node) string { return c.enum(inventory.Severities...) }),
		Package:        n.get("package").anyOf("a package", node.glob),
		Origin:         n.get("origin").anyOf("an origin", node.glob),
		Advisory:       n.get("advisory").anyOf("an advisory", node.glob),
		PURL:           n.get("purl").anyOf("an update", node.purl),
	}
	if n.exists() && n.isStruct() && len(n.fields()) == 0 {
		n.report(diag.New(diag.EmptyMatch, "%s names nothing", n.name()).
			WithFix("say what it applies to, for example classification: [\"security\"]"))
	}
	return m
}

// anyOf reads a list of alternatives, whose order means nothing.
func (n node) anyOf(what string, read func(node) string) []string {
	n.some(what)
	return n.several(read)
}

var globGrammar = lazyregexp.New(`^.{1,200}$`)

// glob reads a pattern. Grammars that this one is not are refused: their signs would be taken as they are and match
// nothing.
func (n node) glob() string {
	s := n.matching(globGrammar, diag.WrongValue, `a name or a pattern such as "linux-*"`)
	for _, foreign := range []struct{ signs, fix string }{
		{"{}", "list each alternative: [\"a*\", \"b*\"]"},
		{"\\^$|()", "this is no regular expression: * stands for any characters, ? for one, [a-z] for one of these"},
	} {
		if i := regexp.MustCompile(`[` + regexp.QuoteMeta(foreign.signs) + `]`).FindString(s); i != "" {
			n.rejectWith(diag.New(diag.WrongValue, "%s: a pattern cannot have %q", n.name(), i).WithFix("%s", foreign.fix))
			return ""
		}
	}
	if _, err := policy.GlobPattern(s); err != nil {
		n.rejectWith(diag.New(diag.WrongValue, "%s: %q is no pattern: %v", n.name(), diag.Short(s), err).
			WithFix("* stands for any characters, ? for one, [a-z] for one of these, [!a-z] for one of the others"))
		return ""
	}
	return s
}

func classes() []string {
	var out []string
	for _, c := range inventory.Classes {
		out = append(out, string(c))
	}
	return out
}
