package compiler

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue/errors"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// leftover turns errors of the schema that no reader recognised into diagnostics: one for each value.
func (r *reader) leftover(root node, err error) {
	seen := map[string]bool{}
	for _, e := range errors.Errors(err) {
		path := e.Path()
		if len(path) >= 2 && (path[0] == "tenant" || path[0] == "scenario") {
			path = path[2:]
		}
		if seen[strings.Join(path, ".")] {
			continue
		}
		seen[strings.Join(path, ".")] = true
		n := root
		for _, p := range path {
			n = n.get(unquote(p))
		}
		d := diag.New(diag.WrongValue, "%s", n.about(syntax.Message(e)))
		if at := load.FirstPosition(e); at.File != "" {
			r.diags = append(r.diags, d.At(at))
			continue
		}
		n.rejectWith(d)
	}
}

func unquote(s string) string {
	var out string
	if _, err := fmt.Sscanf(s, "%q", &out); err == nil {
		return out
	}
	return s
}
