package syntax

import (
	"strings"

	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"

	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// To find every mistake of a policy, its values are read once more without any constraint. Two things must go: what
// the schema demands, and the closedness of definitions. Both hang on the # of a name, so the permissive view of a
// repository has a $ in its place, which makes a field like any other and moves no position.

// PlainMark stands for the # of a name in text that Plain returned.
const PlainMark = '$'

// Plain turns every definition of a file into a plain field, at the same place.
func Plain(src []byte) []byte {
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
			out[pos.Offset()+i] = PlainMark
		}
	}
}

// WrittenName brings a name of text that Plain returned back to what the file says; any other stays as it is.
func WrittenName(name string) string {
	if strings.HasPrefix(name, string(PlainMark)) {
		return "#" + name[1:]
	}
	return name
}

// IsParameter reports whether a field is a definition in the file, also in text that Plain returned.
func IsParameter(name string) bool { return strings.HasPrefix(WrittenName(name), "#") }

var plainNames = lazyregexp.New(`\$([A-Za-z_][A-Za-z0-9_]*)`)

// WrittenText is WrittenName for all names in a piece of CUE or of an error.
func WrittenText(text string) string { return plainNames.ReplaceAllString(text, "#$1") }
