package compiler

import (
	"maps"
	"testing/fstest"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"github.com/ringfence/ringfence/compiler/syntax"
)

// permissive is the overlay whose schema has the same definitions and no demands.
func permissive(overlay fstest.MapFS) fstest.MapFS {
	out := maps.Clone(overlay)
	mountSchema(out, func(src []byte) ([]byte, error) {
		f, err := parser.ParseFile("schema", src)
		if err != nil {
			return nil, err
		}
		text := "package policy\n"
		for _, decl := range f.Decls {
			if field, ok := decl.(*ast.Field); ok {
				name, _, err := ast.LabelName(field.Label)
				if err != nil {
					return nil, err
				}
				text += name + ": _\n"
			}
		}
		return syntax.Plain([]byte(text)), nil
	})
	return out
}
