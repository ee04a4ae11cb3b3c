package docs

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/command"
	"github.com/ringfence/ringfence/internal/explain"
)

var typed = regexp.MustCompile(`\bringfence ([a-z][^#&|;]*)`)

// TestExamplesAreTyped: the verbs and flags that pages of explain show exist, but for the slips that show a usage error.
func TestExamplesAreTyped(t *testing.T) {
	tried := 0
	for _, p := range explain.Pages() {
		for _, x := range []explain.Example{p.Wrong, p.Right} {
			if x.Where != "command" {
				continue
			}
			for _, m := range typed.FindAllStringSubmatch(x.Text, -1) {
				tried++
				got := helped(t, m[1])
				slip := p.Code == diag.Usage && x == p.Wrong
				if (got == command.ExitUsage) != slip || !slip && got != command.ExitOK {
					t.Errorf("%s: ringfence %s ends with %d", p.Code, m[1], got)
				}
			}
		}
	}
	if tried < 30 {
		t.Errorf("only %d commands were tried", tried)
	}
}

// helped asks for the help of what is typed, for which everything up to there must exist.
func helped(t *testing.T, line string) int {
	t.Helper()
	reason := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(line, "text")
	var out bytes.Buffer
	return command.Main(append(strings.Fields(reason), "--help"), command.Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }, Dir: t.TempDir(), Now: time.Now,
	})
}
