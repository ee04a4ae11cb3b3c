package policy

import (
	"path"
	"regexp"
	"testing"

	"pgregory.net/rapid"

	_ "github.com/ringfence/ringfence/internal/sameseed"
)

func TestGlobs(t *testing.T) {
	for _, c := range []struct {
		glob, text string
		want       bool
	}{
		{"linux-*", "linux-", true},
		{"linux-*", "a-linux-image", false},
		{"*", "", true},
		{"lib?", "lib", false},
		{"lib[!a-c]", "libd", true},
		{"lib[!a-c]", "liba", false},
		{"a.b+c", "axb+c", false},
		{"a.b+c", "a.b+c", true},
		{"[]x]", "x", false},
		{"*\n", "a\n", true},
		{"[^a]", "^", true},
	} {
		p, err := GlobPattern(c.glob)
		if err != nil {
			if c.want {
				t.Errorf("%q: %v", c.glob, err)
			}
			continue
		}
		if got := regexp.MustCompile(p).MatchString(c.text); got != c.want {
			t.Errorf("%q on %q: got %v", c.glob, c.text, got)
		}
	}
	for _, bad := range []string{"a[", "a[]", "[!]", "[9-0]"} {
		if p, err := GlobPattern(bad); err == nil {
			t.Errorf("%q became %q", bad, p)
		}
	}
}

// TestGlobsAgreeWithPathMatch where both have the same grammar.
func TestGlobsAgreeWithPathMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		glob := rapid.StringMatching(`([ab*?+.]|\[[ab]{1,2}\]){0,6}`).Draw(t, "glob")
		text := rapid.StringMatching(`[abc+.]{0,6}`).Draw(t, "text")
		p, err := GlobPattern(glob)
		if err != nil {
			t.Fatal(err)
		}
		want, err := path.Match(glob, text)
		if got := regexp.MustCompile(p).MatchString(text); err != nil || got != want {
			t.Fatalf("%q on %q: got %v, want %v", glob, text, got, want)
		}
	})
}
