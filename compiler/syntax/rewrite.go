package syntax

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// Correction is one value of a scenario's expectation as it should read. A Value is a string, an int or a list of
// strings; nil takes the field away.
type Correction struct {
	Source string // path:line:column of the expectation
	Field  string
	Value  any
}

// Rewrite puts corrections into the text of the scenario file at path. Only the values change: comments, order and
// spaces stay. It leaves out, and returns, those for which the file has no literal value of that field at that place,
// such as one that a reference or a shared definition says. An error means that nothing could be rewritten.
func Rewrite(path string, text []byte, corrections []Correction) (out []byte, left []Correction, err error) {
	f, err := parser.ParseFile(path, text, parser.ParseComments)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	structs := literals(path, f)
	var edits []edit
	for _, c := range corrections {
		e, ok := editOf(text, structs[c.Source], c)
		if !ok || slices.ContainsFunc(edits, e.overlaps) {
			left = append(left, c)
			continue
		}
		edits = append(edits, e)
	}
	out = splice(text, edits)
	if _, err := parser.ParseFile(path, out, parser.ParseComments); err != nil {
		return nil, nil, fmt.Errorf("%s would not be readable any more: %w", path, err)
	}
	return out, left, nil
}

// literals are the structs that are written out in a file, by their place.
func literals(path string, f *ast.File) map[string]*ast.StructLit {
	out := map[string]*ast.StructLit{}
	ast.Walk(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.StructLit); ok && s.Lbrace.IsValid() {
			at := s.Lbrace.Position()
			out[path+":"+strconv.Itoa(at.Line)+":"+strconv.Itoa(at.Column)] = s
		}
		return true
	}, nil)
	return out
}

// edit replaces text[from:to].
type edit struct {
	from, to int
	text     string
}

func (e edit) overlaps(o edit) bool { return e.from < o.to && o.from < e.to }

func editOf(text []byte, s *ast.StructLit, c Correction) (edit, bool) {
	if s == nil {
		return edit{}, false
	}
	i := slices.IndexFunc(s.Elts, func(d ast.Decl) bool { return fieldName(d) == c.Field })
	if i < 0 {
		return edit{}, false
	}
	f := s.Elts[i].(*ast.Field)
	switch {
	case !isLiteral(f.Value):
		return edit{}, false
	case c.Value == nil && i == 0:
		return edit{}, false
	case c.Value == nil:
		return removal(text, s.Elts[i-1].End(), f), true
	}
	return edit{f.Value.Pos().Offset(), f.Value.End().Offset(), literalOf(c.Value)}, true
}

func fieldName(d ast.Decl) string {
	f, ok := d.(*ast.Field)
	if !ok {
		return ""
	}
	name, _, err := ast.LabelName(f.Label)
	if err != nil {
		return ""
	}
	return name
}

// isLiteral reports whether a value is written out, so that it may be written anew.
func isLiteral(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.BasicLit:
		return true
	case *ast.ListLit:
		return !slices.ContainsFunc(x.Elts, func(e ast.Expr) bool { return !isLiteral(e) })
	}
	return false
}

// removal takes a field away with what parts it from the one before: the comma, or its line.
func removal(text []byte, before token.Pos, f *ast.Field) edit {
	from, to := before.Offset(), f.End().Offset()
	if line := bytes.LastIndexByte(text[from:f.Pos().Offset()], '\n'); line >= 0 {
		from += line
		if to < len(text) && text[to] == ',' {
			to++
		}
	}
	return edit{from: from, to: to}
}

func literalOf(v any) string {
	switch v := v.(type) {
	case string:
		return literal.String.Quote(v)
	case []string:
		var out []string
		for _, s := range v {
			out = append(out, literal.String.Quote(s))
		}
		return "[" + strings.Join(out, ", ") + "]"
	}
	return fmt.Sprint(v)
}

func splice(text []byte, edits []edit) []byte {
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(append(out, text[at:e.from]...), e.text...)
		at = e.to
	}
	return append(out, text[at:]...)
}
