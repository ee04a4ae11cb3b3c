package untrusted

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// hostile are the ways in which text has escaped from terminals, logs and forges.
var hostile = []string{
	"\x1b[2J\x1b]0;owned\x07", "\x9b31m", "a\rb", "line\nbreak", "\u202eevil", "zero\u200bwidth", "\xff\xfe", "\u2028", "tab\there",
	"::set-output name=x::y", "@everyone", "<script>alert(1)</script>", "[x](javascript:1)", "`code`", "| cell |", "\u2066iso\u2069", "\ue000",
}

func FuzzLine(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = 1 + abs(limit)%200
		got := Line(s, limit)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > limit {
			t.Fatalf("%q: invalid or longer than %d: %q", s, limit, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
				t.Fatalf("%q: %U came through", s, r)
			}
		}
		if again := Line(got, limit); again != got {
			t.Fatalf("not idempotent: %q, then %q", got, again)
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}

func FuzzMarkdown(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Markdown(s, 100)
		for i, r := range got {
			if strings.ContainsRune("`*_[]<>#|~&{}()!", r) && (i == 0 || got[i-1] != '\\') {
				t.Fatalf("%q: %q is live in %q", s, r, got)
			}
		}
		if i := strings.Index(got, "@"); i >= 0 && !strings.HasPrefix(got[i:], "@\u2060") {
			t.Fatalf("%q: a mention is live in %q", s, got)
		}
	})
}

func TestBlockKeepsTheEnd(t *testing.T) {
	got := Block(strings.Repeat("noise\n", 100)+"E: \x1b[31mthe reason", 40)
	if !strings.HasSuffix(got, "E: \ufffd[31mthe reason") || len(got) > 60 {
		t.Errorf("got %q", got)
	}
}
