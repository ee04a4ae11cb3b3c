// Package untrusted neutralises text that hosts, plugins and repositories hand us before it reaches a terminal, a
// log, a commit message or a forge.
package untrusted

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns s as one printable line of at most limit runes: control characters, escape sequences' ESC, bidi and
// zero-width runes and invalid UTF-8 become "�", line breaks become spaces. Line is idempotent.
func Line(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == limit {
			return b.String()[:b.Len()-lastSize(b.String())] + "…"
		}
		b.WriteRune(safe(r))
		n++
	}
	return b.String()
}

func lastSize(s string) int {
	_, n := utf8.DecodeLastRuneInString(s)
	return n
}

func safe(r rune) rune {
	switch {
	case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), r == utf8.RuneError:
		return utf8.RuneError
	}
	return r
}

// Block is Line for text of several lines: line breaks stay, at most limit bytes of the end are kept, since a failing
// package manager says why last.
func Block(s string, limit int) string {
	if len(s) > limit {
		s = "…" + strings.ToValidUTF8(s[len(s)-limit:], "")
	}
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = Line(l, limit)
	}
	return strings.Join(lines, "\n")
}

// Markdown neutralises one line for a forge's comment: Line, with every character that could start markup, a mention
// or a workflow command escaped.
func Markdown(s string, limit int) string {
	const special = "\\`*_{}[]()<>#+-!|~&:@"
	var b strings.Builder
	for _, r := range Line(s, limit) {
		if r == '@' {
			b.WriteString("@\u2060")
			continue
		}
		if strings.ContainsRune(special, r) && r != ':' && r != '-' && r != '+' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
