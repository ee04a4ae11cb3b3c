package syntax

import (
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"

	"github.com/ringfence/ringfence/compiler/diag"
)

// Format lays out a CUE file as `cue fmt` does. A file that does not parse is one diagnostic: what the parser says after
// its first mistake is the echo of that.
func Format(name string, src []byte) ([]byte, diag.List) {
	f, err := parser.ParseFile(name, src, parser.ParseComments)
	if err == nil {
		var out []byte
		if out, err = format.Node(f); err == nil {
			return out, nil
		}
	}
	e := errors.Errors(err)[0]
	at := diag.Range{File: name}
	if p := errors.Positions(e); len(p) > 0 {
		at = Range(p[0], p[0])
	}
	return nil, diag.List{Explain(diag.New(diag.SyntaxError, "%s", Message(e)).At(at), src)}
}
