package decide

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/ringfence/ringfence/compiler/policy"
)

// fixedInput is the part of the input that is the same for every batch. An error is a pattern that is none.
func fixedInput(t *policy.Tenant) ([][2]*ast.Term, error) {
	e := entries{fields: map[string]bool{}}
	var rules, blocks, lanes, freezes []*ast.Term
	for _, r := range t.Rules {
		if r.Grants() {
			rules = append(rules, e.entry(r.Name, r.Match))
		} else {
			blocks = append(blocks, e.entry(r.Name, r.Match))
		}
	}
	for _, l := range t.Lanes {
		lanes = append(lanes, e.entry(l.Name, &l.Match))
	}
	for _, f := range t.Freezes {
		if f.Allow != nil {
			freezes = append(freezes, e.entry(f.Name, f.Allow))
		}
	}
	otherwise := ast.NullTerm()
	if t.Otherwise != nil {
		otherwise = ast.StringTerm(t.Otherwise.Name)
	}
	return [][2]*ast.Term{
		field("rules", ast.ArrayTerm(rules...)), field("blocks", ast.ArrayTerm(blocks...)), field("lanes", ast.ArrayTerm(lanes...)),
		field("freezes", ast.ArrayTerm(freezes...)), field("otherwise", otherwise),
		field("fields", stringsTerm(slices.Sorted(maps.Keys(e.fields)))),
	}, e.err
}

// entries makes the input of matches and notes which fields of an update they read.
type entries struct {
	fields map[string]bool
	err    error
}

// entry is a name and its match, with only those fields that the policy names.
func (e *entries) entry(name string, m *policy.Match) *ast.Term {
	var named [][2]*ast.Term
	add := func(match, reads string, wanted *ast.Term) {
		e.fields[reads] = true
		named = append(named, field(match, wanted))
	}
	if m == nil {
		m = &policy.Match{}
	}
	if m.Exploited != nil {
		add("exploited", "exploited", ast.BooleanTerm(*m.Exploited))
	}
	for _, l := range []struct {
		match, reads string
		wanted       []string
	}{{"classification", "class", m.Classification}, {"severity", "severity", m.Severity}, {"purl", "purl", m.PURL}} {
		if len(l.wanted) > 0 {
			add(l.match, l.reads, stringsTerm(l.wanted))
		}
	}
	for _, l := range []struct {
		match, reads string
		wanted       []string
	}{{"package", "name", m.Package}, {"origin", "origin", m.Origin}, {"advisory", "advisories", m.Advisory}} {
		if len(l.wanted) > 0 {
			add(l.match, l.reads, e.globs(l.wanted))
		}
	}
	return ast.ObjectTerm(field("name", ast.StringTerm(name)), field("match", ast.ObjectTerm(named...)))
}

// globs makes of patterns the texts that match themselves alone, and one regular expression of the others. OPA keeps
// only a hundred compiled expressions, so there should be few.
func (e *entries) globs(list []string) *ast.Term {
	var texts, patterns []string
	for _, g := range list {
		if !policy.IsGlob(g) {
			texts = append(texts, g)
			continue
		}
		p, err := policy.GlobPattern(g)
		if err != nil {
			e.err = err
			continue
		}
		patterns = append(patterns, "(?:"+p+")")
	}
	out := [][2]*ast.Term{field("texts", stringsTerm(texts))}
	if len(patterns) > 0 {
		out = append(out, field("pattern", ast.StringTerm(strings.Join(patterns, "|"))))
	}
	return ast.ObjectTerm(out...)
}
