package read

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/check"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

var (
	findingGrammar = lazyregexp.New(`^RF[0-9]{4}( [A-Za-z0-9][A-Za-z0-9_./-]*)?$`)
	someWords      = lazyregexp.New(`\S`)
)

// acceptances reads which findings of check the tenant lives with.
func (n node) acceptances() []policy.Acceptance {
	var out []policy.Acceptance
	for _, f := range n.fields() {
		code, path, _ := strings.Cut(f.label(), " ")
		out = append(out, policy.Acceptance{
			Code: code, Path: path,
			Reason:  f.get("reason").matching(someWords, diag.WrongValue, "a reason in words"),
			Expires: f.get("expires").end(),
			Source:  f.source(),
		})
		f.acceptable(diag.Code(code))
	}
	return out
}

// acceptable checks the name of an acceptance.
func (n node) acceptable(code diag.Code) {
	switch {
	case !findingGrammar.MatchString(n.label()):
		n.reportName(diag.New(diag.WrongValue, "%q names no finding", diag.Short(n.label())).
			WithFix("write a code such as %q, or a code and the field that it is about such as %q", diag.EmptyRing, string(diag.EmptyRing)+" rings.spare"))
	case !slices.Contains(check.Acceptable, code):
		var codes []string
		for _, c := range check.Acceptable {
			codes = append(codes, string(c))
		}
		n.reportName(diag.New(diag.WrongValue, "%s cannot be accepted", code).WithFix("these can: %s", strings.Join(codes, ", ")))
	}
}
