package compiler

import (
	"path"
	"strings"

	"cuelang.org/go/cue/parser"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// importPath finds what the loader stumbles over without a word or a place: an import path that is no plain text.
func (t *tree) importPath(file string) (diag.Diagnostic, bool) {
	if path.Ext(file) != ".cue" {
		return diag.Diagnostic{}, false
	}
	data, _ := t.ReadFile(file)
	f, err := parser.ParseFile(file, data, parser.ImportsOnly)
	if err != nil {
		return diag.Diagnostic{}, false
	}
	for spec := range f.ImportSpecs() {
		if text := spec.Path.Value; !strings.HasPrefix(text, `"`) || strings.HasPrefix(text, `"""`) {
			return diag.New(diag.SyntaxError, "an import path is a text in double quotes on one line").
				At(syntax.Range(spec.Path.Pos(), spec.Path.End())).WithFix(`write: import "ringfence.dev/policy"`), true
		}
	}
	return diag.Diagnostic{}, false
}
