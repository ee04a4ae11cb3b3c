package syntax

import (
	"strings"

	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"

	"github.com/ringfence/ringfence/compiler/diag"
)

// bracket is one bracket of a file, with the indentation of its line.
type bracket struct {
	at     diag.Pos
	text   string
	indent string
	first  bool // of its line
}

// bracketSlip finds the bracket that is missing or one too many by the indentation, since people indent as they mean.
// The parser notices only at the end of the file, or where the last bracket is left over.
func bracketSlip(d diag.Diagnostic, data []byte) (diag.Diagnostic, bool) {
	if !strings.Contains(d.Summary, "'EOF'") {
		return d, false
	}
	lines := strings.Split(string(data), "\n")
	var open []bracket
	for _, b := range brackets(data, lines) {
		if strings.Contains("{[(", b.text) {
			open = append(open, b)
			continue
		}
		var top bracket
		if len(open) > 0 {
			top, open = open[len(open)-1], open[:len(open)-1]
		}
		switch {
		case !b.first || top.indent == b.indent:
		case len(top.indent) > len(b.indent):
			return leftOpen(d, top, b), true
		default:
			return unopened(d, b, lines), true
		}
	}
	if len(open) == 0 {
		return d, false
	}
	last := open[len(open)-1]
	return diag.New(d.Code, "this %s is not closed", last.text).At(mark(d.Range.File, last.at)).
		WithRelated(*d.Range, "the file ends here").WithFix("add the closing bracket"), true
}

func leftOpen(d diag.Diagnostic, open, next bracket) diag.Diagnostic {
	file := d.Range.File
	out := diag.New(d.Code, "this %s is not closed", open.text).At(mark(file, open.at))
	return out.WithRelated(mark(file, next.at), "this "+next.text+" is indented as that of something around it").
		WithFix("add the closing bracket, on a line that is indented like this one")
}

// unopened blames the closing bracket, or the line above that looks as if it began what is closed there.
func unopened(d diag.Diagnostic, b bracket, lines []string) diag.Diagnostic {
	file := d.Range.File
	for i := b.at.Line - 2; i >= 0; i-- {
		text := strings.TrimRight(lines[i], " \t\r")
		if indentOf(lines[i]) != b.indent || text == "" {
			continue
		}
		if !strings.HasSuffix(text, ":") {
			break
		}
		at := diag.Pos{Line: i + 1, Column: len(text)}
		return diag.New(d.Code, "nothing opens what the } of line %d closes", b.at.Line).At(mark(file, at)).
			WithRelated(mark(file, b.at), "closed here").
			WithFix("what belongs to a field stands in brackets: %s {", strings.TrimSpace(text))
	}
	return diag.New(d.Code, "nothing opens what this %s closes", b.text).At(mark(file, b.at)).
		WithFix("remove it, or the one too many above it")
}

func mark(file string, at diag.Pos) diag.Range {
	return diag.Range{File: file, Start: at, End: diag.Pos{Line: at.Line, Column: at.Column + 1}}
}

// brackets lists the brackets that stand outside strings and comments; none of a file that has interpolations, which only
// the parser can follow.
func brackets(data []byte, lines []string) (out []bracket) {
	var s scanner.Scanner
	f := token.NewFile("", -1, len(data))
	s.Init(f, data, nil, scanner.DontInsertCommas)
	for {
		pos, tok, _ := s.Scan()
		switch tok {
		case token.EOF:
			return out
		case token.INTERPOLATION, token.ILLEGAL:
			return nil
		case token.LBRACE, token.LBRACK, token.LPAREN, token.RBRACE, token.RBRACK, token.RPAREN:
			p := pos.Position()
			line := lines[p.Line-1]
			indent := indentOf(line)
			out = append(out, bracket{diag.Pos{Line: p.Line, Column: p.Column}, tok.String(), indent, len(indent) == p.Column-1})
		}
	}
}

func indentOf(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " \t"))] }
