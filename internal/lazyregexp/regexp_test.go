package lazyregexp

import (
	"regexp"
	"sync"
	"testing"
)

// TestAnswersAsRegexpDoes: asked at once by many, it says what an expression says that was compiled at once.
func TestAnswersAsRegexpDoes(t *testing.T) {
	const expr = `^(\w+)-(\d+)$`
	lazy, now := New(expr), regexp.MustCompile(expr)
	var wg sync.WaitGroup
	for _, s := range []string{"web-1", "web", "", "db-22", "-1"} {
		wg.Go(func() {
			if lazy.MatchString(s) != now.MatchString(s) || lazy.ReplaceAllString(s, "$2$1") != now.ReplaceAllString(s, "$2$1") || lazy.FindString(s) != now.FindString(s) {
				t.Errorf("%q: matches %v, %q", s, lazy.MatchString(s), lazy.ReplaceAllString(s, "$2$1"))
			}
			if got, want := lazy.FindStringSubmatch(s), now.FindStringSubmatch(s); len(got) != len(want) || len(got) > 2 && got[2] != want[2] {
				t.Errorf("%q: %q, not %q", s, got, want)
			}
		})
	}
	wg.Wait()
}

// TestAWrongExpressionPanicsWhenAsked and not before, so that a package may declare it.
func TestAWrongExpressionPanicsWhenAsked(t *testing.T) {
	wrong := New("(")
	defer func() {
		if recover() == nil {
			t.Error("it did not panic")
		}
	}()
	wrong.MatchString("a")
}
