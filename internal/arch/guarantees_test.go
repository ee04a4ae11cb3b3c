package arch

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	guarantees    = "../../docs/guarantees.md"
	lastGuarantee = 22
	notYet        = "*Not yet*"
)

var (
	guaranteeRow  = regexp.MustCompile(`^\| I([0-9]+) \|`)
	guaranteeTest = regexp.MustCompile(`\[([A-Za-z0-9_]+)\]\(([^)]+)\)`)
)

// TestGuarantees: a promise without a test is a wish. Every row of docs/guarantees.md names tests that exist, or says
// that nothing is promised yet.
func TestGuarantees(t *testing.T) {
	text, err := os.ReadFile(guarantees)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		if !guaranteeRow.MatchString(line) {
			continue
		}
		rows++
		if id := guaranteeRow.FindStringSubmatch(line)[1]; id != fmt.Sprint(rows) {
			t.Errorf("I%s stands where I%d should", id, rows)
		}
		tests := guaranteeTest.FindAllStringSubmatch(line, -1)
		if len(tests) == 0 && !strings.Contains(line, notYet) {
			t.Errorf("I%d promises something and names no test", rows)
		}
		for _, m := range tests {
			if err := testExists(m[1], m[2]); err != nil {
				t.Errorf("I%d: %v", rows, err)
			}
		}
	}
	if rows != lastGuarantee {
		t.Errorf("%d guarantees, want %d", rows, lastGuarantee)
	}
}

// testExists looks for a test function in a Go file, or for a script of that name.
func testExists(name, link string) error {
	path := filepath.Join(filepath.Dir(guarantees), filepath.FromSlash(link))
	text, err := os.ReadFile(path)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case strings.HasSuffix(link, "_test.go") && strings.Contains(string(text), "\nfunc "+name+"("):
		return nil
	case filepath.Base(link) == name+".txtar" && len(text) > 0:
		return nil
	}
	return fmt.Errorf("%s has no test %s", link, name)
}
