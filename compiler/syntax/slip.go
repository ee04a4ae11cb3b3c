package syntax

import (
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// slip is a common mistake for which the parser has no word: what it says then, what the line looks like, and what to
// say instead. $1 is what the line holds in the first group, which is also what is blamed.
type slip struct{ message, line, summary, fix string }

// slips are sought in this order.
var slips = compiledSlips([]slip{
	{`^illegal character .*'%'`, `([0-9]+(?:\.[0-9]+)?)\s*%`, `a percentage without quotes`, `write "$1%"`},
	{`^illegal character .*'[“”„‟‘’‚]'`, `([“”„‟‘’‚])`, `$1 is not the quote that text stands in`, `write plain quotes: "…"`},
	{`^illegal character U\+(00A0|200B|202F|FEFF)`, `([\x{A0}\x{200B}\x{202F}\x{FEFF}])`, `a blank that only looks like one`, `delete it and type it anew`},
	{`^illegal integer number|^missing ','`, `[:\[,]\s*([0-9]{4}-[0-9]{2}-[0-9]{2}[0-9T:]*)`, `a date without quotes`, `write "$1"`},
	{`^missing ','`, `[:|*\[,]\s*([0-9]{1,2}:[0-9]{2})\b`, `a time without quotes`, `write "$1"`},
	{`^missing ','`, `[:|*\[,]\s*((?:[0-9]+(?:d|h|m|s|w|min|mins|days?|hours?|weeks?))+)\b`, `a duration without quotes`, `write "$1"`},
	{`^missing ','`, `(;)`, `a semicolon is no part of CUE`, `remove it: a field ends with its line, or with a comma`},
	{`^missing ','|^expected label or ':'`, `(?:^|[{,])\s*([A-Za-z0-9_]+(?:[-/][A-Za-z0-9_]+)+)\s*:`, `a name with a hyphen or slash without quotes`, `write "$1":`},
	{`^missing ','`, `[\w#\])]\s*(\{)`, `nothing joins this { with what stands before it`, `join them: baseline.#Tenant & { … }; or put a comma or colon between them`},
	{`^expected ','`, `^package\s+(\S*-\S*)`, `a package's name cannot have a hyphen`, `leave it out: the name of a package need not be that of its folder`},
	{`^expected 'STRING'`, `^\s*import\s+(?:\w+\s+)?([\w./-]+)`, `an import path without quotes`, `write import "$1"`},
	{`^expected label or ':'`, `^\s*(#?[\w-]+)\s+["\d\[{]`, `a colon is missing behind $1`, `write $1: …`},
	{`^expected label or ':'`, `^\s*(#)(?:\s|\w+\s+\w)`, `a comment begins with //`, `write // instead of #`},
	{`^expected label or ':'`, `^\s*[\w"#-]+\s*(=)[^=~]`, `a field is written with a colon, not with =`, `write name: value`},
})

type compiledSlip struct {
	message, line *lazyregexp.Regexp
	summary, fix  string
}

func compiledSlips(list []slip) (out []compiledSlip) {
	for _, s := range list {
		out = append(out, compiledSlip{lazyregexp.New(s.message), lazyregexp.New(s.line), s.summary, s.fix})
	}
	return out
}

// Explain says a parser's complaint about a file so that who knows no CUE can mend it: as a slip of the line that it is
// about or the one before, as a bracket that the indentation gives away, or else in the parser's words. The diagnostic
// comes with the parser's message and its place; data is what the file holds.
func Explain(d diag.Diagnostic, data []byte) diag.Diagnostic {
	if c, ok := MergeMarker(d.Range.File, data); ok {
		return c
	}
	lines := strings.Split(string(data), "\n")
	if c, ok := slipOf(d, lines); ok {
		return c
	}
	if c, ok := bracketSlip(d, data); ok {
		return c
	}
	return d.WithFix("%s", syntaxFix(d.Summary))
}

// MergeMarker finds what Git leaves in a file of a merge that nobody finished. It explains whatever else is wrong there.
func MergeMarker(file string, data []byte) (diag.Diagnostic, bool) {
	for i, l := range strings.Split(string(data), "\n") {
		if strings.HasPrefix(l, "<<<<<<< ") || strings.HasPrefix(l, ">>>>>>> ") {
			start := diag.Pos{Line: i + 1, Column: 1}
			end := diag.Pos{Line: i + 1, Column: 8}
			return diag.New(diag.SyntaxError, "a merge left both sides in the file").At(diag.Range{File: file, Start: start, End: end}).
				WithFix("keep what is right of the two, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>"), true
		}
	}
	return diag.Diagnostic{}, false
}

// slipOf looks at the line where the parser gave up, up to a little behind that place, then at the one before it.
func slipOf(d diag.Diagnostic, lines []string) (diag.Diagnostic, bool) {
	at := d.Range.Start
	for _, s := range slips {
		if !s.message.MatchString(d.Summary) {
			continue
		}
		for number := at.Line; number >= max(1, at.Line-1) && number <= len(lines); number-- {
			line := strings.TrimRight(lines[number-1], "\r")
			m := s.near(line, at, number)
			if m == nil {
				continue
			}
			expand := func(template string) string { return string(s.line.ExpandString(nil, template, line, m)) }
			d.Summary = expand(s.summary)
			d.Range = &diag.Range{File: d.Range.File, Start: diag.Pos{Line: number, Column: m[2] + 1}, End: diag.Pos{Line: number, Column: m[3] + 1}}
			return d.WithFix("%s", expand(s.fix)), true
		}
	}
	return d, false
}

// near is where the slip is on a line: the parser reads at most a token past it.
func (s compiledSlip) near(line string, at diag.Pos, number int) []int {
	var best []int
	for from := 0; from <= len(line); {
		m := s.line.FindStringSubmatchIndex(line[from:])
		if m == nil {
			break
		}
		for i := range m {
			m[i] += from
		}
		if number == at.Line && m[2] > at.Column-1 {
			break
		}
		best, from = m, max(m[3], from+1)
	}
	anchored := strings.HasPrefix(s.line.String(), "^")
	if best == nil || number == at.Line && !anchored && best[3] < at.Column-1-maxPast {
		return nil
	}
	return best
}

// maxPast is how far the parser may have got behind a slip that can stand anywhere on a line.
const maxPast = 3

// syntaxFix says what most often stands behind the parser's words.
func syntaxFix(message string) string {
	switch {
	case strings.HasPrefix(message, "expected 'EOF'"):
		return "there is one closing bracket or brace too many, here or further up"
	case strings.Contains(message, "'EOF'"):
		return "a bracket or brace further up is not closed"
	case strings.HasPrefix(message, "missing ','"):
		return "fields on one line are separated by commas; a name with a hyphen or a blank stands in quotes"
	case strings.HasPrefix(message, "expected label or ':'"):
		return "a field is written name: value, also further up; there is no = in between"
	case strings.HasPrefix(message, "string literal not terminated"):
		return "close the quotes on the line on which they open"
	}
	return ""
}
