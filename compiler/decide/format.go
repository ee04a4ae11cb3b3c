package decide

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"

	"github.com/ringfence/ringfence/compiler/diag"
)

// Format lays out a Rego module as `opa fmt` does. One that does not parse is one diagnostic: of the
// parser's several messages the longest says most.
func Format(name string, src []byte) ([]byte, diag.List) {
	out, err := format.SourceWithOpts(name, src, format.Opts{RegoVersion: ast.RegoV1})
	if err != nil {
		list := diagnostics(name, err)
		most := slices.MaxFunc(list, func(a, b diag.Diagnostic) int { return len(a.Summary) - len(b.Summary) })
		return nil, diag.List{most.WithFix("mend that line or one above it")}
	}
	return out, nil
}
