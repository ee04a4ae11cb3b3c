package decide

import (
	"slices"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/internal/canonical"
)

// Class is everything that rules may know of an update: no instant, host or ring, so that one answer serves them all.
// The JSON names are the contract with authors of Rego (input.update).
type Class struct {
	Name        string   `json:"name"`
	Version     string   `json:"version"`
	PURL        string   `json:"purl"`
	Class       string   `json:"class"`
	Severity    string   `json:"severity"`
	Origin      string   `json:"origin"`
	Exploited   bool     `json:"exploited"`
	Advisories  []string `json:"advisories"` // sorted
	CVEs        []string `json:"cves"`       // sorted
	HasReleased bool     `json:"hasReleased"`
}

// ClassOf returns the class of an update.
func ClassOf(u inventory.Update) Class {
	return Class{
		Name: u.Name, Version: u.Version, PURL: u.PURL, Class: orUnknown(string(u.Class)),
		Severity: orUnknown(u.Severity), Origin: u.Origin, Exploited: u.Exploited,
		Advisories: sorted(u.Advisories), CVEs: sorted(u.CVEs), HasReleased: u.Released != nil,
	}
}

// Digest is the identity of the class. Text that is not UTF-8 has none: JSON would write different bytes as the same.
func (c Class) Digest() (string, error) {
	for _, s := range slices.Concat([]string{c.Name, c.Version, c.PURL, c.Class, c.Severity, c.Origin}, c.Advisories, c.CVEs) {
		if !utf8.ValidString(s) {
			return "", errNoForm
		}
	}
	return canonical.Digest(c)
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// sorted returns a sorted copy without duplicates that is never nil.
func sorted(list []string) []string {
	out := append([]string{}, list...)
	slices.Sort(out)
	return slices.Compact(out)
}

// value is the class as OPA wants it, built without a detour through JSON.
func (c Class) value() *ast.Term {
	return ast.ObjectTerm(
		field("name", ast.StringTerm(c.Name)), field("version", ast.StringTerm(c.Version)),
		field("purl", ast.StringTerm(c.PURL)), field("class", ast.StringTerm(c.Class)),
		field("severity", ast.StringTerm(c.Severity)), field("origin", ast.StringTerm(c.Origin)),
		field("exploited", ast.BooleanTerm(c.Exploited)), field("advisories", stringsTerm(c.Advisories)),
		field("cves", stringsTerm(c.CVEs)), field("hasReleased", ast.BooleanTerm(c.HasReleased)),
	)
}

func field(name string, v *ast.Term) [2]*ast.Term { return ast.Item(ast.StringTerm(name), v) }

func stringsTerm(list []string) *ast.Term {
	terms := make([]*ast.Term, len(list))
	for i, s := range list {
		terms[i] = ast.StringTerm(s)
	}
	return ast.ArrayTerm(terms...)
}

// intern finds the distinct classes of updates, in order of first appearance. index says which one each update is in;
// an update whose class has no digest gets -1.
func intern(updates []inventory.Update) (classes []Class, digests []string, index []int) {
	seen := map[string]int{}
	index = make([]int, len(updates))
	for i, u := range updates {
		c := ClassOf(u)
		d, err := c.Digest()
		if err != nil {
			index[i] = -1
			continue
		}
		at, ok := seen[d]
		if !ok {
			at = len(classes)
			seen[d] = at
			classes, digests = append(classes, c), append(digests, d)
		}
		index[i] = at
	}
	return classes, digests, index
}
