package compiler

import (
	"maps"
	"strings"
	"testing/fstest"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"
)

// To find every mistake of a policy, its values are read once more without any constraint. Two things must go: what
// the schema demands, and the closedness of definitions. Both hang on the # of a name, so the permissive view of a
// repository has a $ in its place, which makes a field like any other and moves no position.

// plainMark stands for # in a permissive view.
const plainMark = '$'

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
		return unclosed([]byte(text)), nil
	})
	return out
}

// unclosed turns every definition into a plain field.
func unclosed(src []byte) []byte {
	out := append([]byte(nil), src...)
	var s scanner.Scanner
	file := token.NewFile("", -1, len(src))
	s.Init(file, src, func(token.Pos, string, []interface{}) {}, scanner.ScanComments)
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			return out
		}
		if i := strings.IndexByte(text, '#'); tok == token.IDENT && i >= 0 {
			out[pos.Offset()+i] = plainMark
		}
	}
}

// written brings a name of a permissive view back to what the file says.
func written(name string) string {
	if strings.HasPrefix(name, string(plainMark)) {
		return "#" + name[1:]
	}
	return name
}

// isParameter reports whether a field is a definition in the file.
func isParameter(name string) bool { return strings.HasPrefix(written(name), "#") }
