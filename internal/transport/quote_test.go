package transport

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	_ "github.com/ringfence/ringfence/internal/sameseed"
)

// shells are those that read our line in the wild, as far as this machine has them. A POSIX sh is required: without
// one nothing here would prove anything.
func shells(t testing.TB) []string {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Fatal("these tests need a POSIX sh")
	}
	var found []string
	for _, s := range []string{"sh", "dash", "bash", "busybox", "ksh", "zsh", "fish", "tcsh"} {
		if path, err := exec.LookPath(s); err == nil {
			found = append(found, path)
		}
	}
	return found
}

// readBack lets a real shell split the line and print the words that it saw.
func readBack(t testing.TB, shell, line string) []string {
	args := []string{"-c", line}
	if strings.HasSuffix(shell, "busybox") {
		args = append([]string{"sh"}, args...)
	}
	cmd := exec.Command(shell, args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %q", shell, err, line)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func checkRoundTrip(t testing.TB, words []string) {
	t.Helper()
	line, err := quote(append([]string{"/usr/bin/printf", `%s\0`}, words...))
	if err != nil {
		t.Fatal(err)
	}
	for _, shell := range shells(t) {
		if got := readBack(t, shell, line); !slices.Equal(got, words) {
			t.Errorf("%s: %q came back as %q", shell, words, got)
		}
	}
}

func TestQuoteSurvivesRealShells(t *testing.T) {
	for _, words := range [][]string{
		{""},
		{"a", "", "b"},
		{"-rf", "/"},
		{"it's", `"double"`, "`id`", "$(id)", "$HOME", "${IFS}"},
		{`\`, `\\`, `a\`, `\'`, `'\''`, `a\' ; id #`},
		{"; id", "&& id", "| id", "> /tmp/x", "< /dev/null", "&", "#"},
		{"*", "?", "[a]", "~", "~root", "{a,b}", "!!", "!x"},
		{"A=b", "if", "then", "%s", "%"},
		{"ü", "日本語", "\u202e", "🦊"},
		{" lead", "trail ", "in side"},
		{"Dpkg::Pre-Invoke::=touch /tmp/x", "1:2.3-4+b1~deb12u2"},
		{strings.Repeat("x", 100_000)},
	} {
		checkRoundTrip(t, words)
	}
}

// Shells that know a backslash or the history within single quotes must read the same words, also where none is
// installed to ask.
func TestQuoteKeepsWhatOtherShellsKnowOutsideOfQuotes(t *testing.T) {
	line, err := quote([]string{"x", `a\b`, "'", "!x"})
	want := "'x' 'a'" + `\\` + "'b' ''" + `\'` + "'' ''" + `\!` + "'x'"
	if err != nil || line != want {
		t.Errorf("got %s, want %s", line, want)
	}
}

func TestQuoteRefuses(t *testing.T) {
	for name, argv := range map[string][]string{
		"nothing":           {},
		"no program":        {"", "x"},
		"NUL":               {"echo", "a\x00b"},
		"newline":           {"echo", "a\nb"},
		"escape":            {"echo", "\x1b[2J"},
		"C1":                {"echo", "\u009b"},
		"invalid UTF-8":     {"echo", "\xff"},
		"cut UTF-8":         {"echo", "\xe2\x82"},
		"more than a shell": {"echo", strings.Repeat("x", 128<<10)},
	} {
		if line, err := quote(argv); err == nil {
			t.Errorf("%s: got %.100q", name, line)
		}
	}
}

// Whatever the words are, they are refused or come back unchanged.
func TestQuoteProperty(t *testing.T) {
	nasty := rapid.SampledFrom([]string{`'`, `\`, `"`, "$", "`", "!", " ", ";", "&", "(", ")", "*", "a", "=", "~", "ü", "-", "#", "%"})
	word := rapid.Custom(func(r *rapid.T) string { return strings.Join(rapid.SliceOfN(nasty, 0, 12).Draw(r, "word"), "") })
	rapid.Check(t, func(r *rapid.T) {
		words := rapid.SliceOfN(word, 1, 6).Draw(r, "words")
		line, err := quote(append([]string{"/usr/bin/printf", `%s\0`}, words...))
		if err != nil {
			r.Fatal(err)
		}
		if got := readBack(t, "/bin/sh", line); !slices.Equal(got, words) {
			r.Fatalf("%q came back as %q", words, got)
		}
	})
}

func FuzzQuote(f *testing.F) {
	for _, s := range []string{"a", "it's", `a\' ; id #`, "$(id)", "-x y", "日本"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		words := []string{a, b}
		if plain(a) != nil || plain(b) != nil {
			if _, err := quote(append([]string{"x"}, words...)); err == nil {
				t.Fatalf("%q was not refused", words)
			}
			return
		}
		if len(a)+len(b) < 10_000 {
			checkRoundTrip(t, words)
		}
	})
}
