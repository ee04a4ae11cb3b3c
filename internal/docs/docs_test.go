package docs

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/internal/command"
	"github.com/ringfence/ringfence/internal/explain"
)

var update = flag.Bool("update", false, "write the generated pages")

const root = "../.."

func TestCommandLine(t *testing.T) {
	var page bytes.Buffer
	if err := command.Reference(&page); err != nil {
		t.Fatal(err)
	}
	compare(t, "cli.md", page.Bytes())
}

// TestDiagnostics writes the page from what the program says of itself, and sees that this is every code there is.
func TestDiagnostics(t *testing.T) {
	page := bytes.NewBufferString("# Diagnostics\n\nGenerated from the text of `ringfence explain` by `make generate`. Codes are stable and never reused.\n")
	family := ""
	pages := explain.Pages()
	for i, c := range codes(t) {
		if i >= len(pages) || string(pages[i].Code) != c.code || pages[i].Name != c.name || pages[i].Meaning != c.meaning {
			t.Fatalf("diag.Meanings does not see %s: give it a line of its own like its neighbours", c.code)
		}
		if c.code[:3] != family {
			family = c.code[:3]
			fmt.Fprintf(page, "\n## %sxxx: %s\n", family, families[family])
		}
		if err := pages[i].WriteMarkdown(page); err != nil {
			t.Fatal(err)
		}
	}
	compare(t, "diagnostics.md", page.Bytes())
}

var families = map[string]string{
	"RF1": "policy", "RF2": "hosts and snapshots", "RF3": "providers and connections", "RF4": "plan and apply",
	"RF5": "Git and ledger", "RF6": "usage",
}

// TestEveryCodeIsUsed finds codes that no diagnostic carries any more: the page must not promise them.
func TestEveryCodeIsUsed(t *testing.T) {
	used := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, m := range mention.FindAllSubmatch(raw, -1) {
			used[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range codes(t) {
		if !used[c.name] {
			t.Errorf("%s (diag.%s) is in no diagnostic: delete it", c.code, c.name)
		}
	}
}

var mention = regexp.MustCompile(`\bdiag\.([A-Z]\w+)`)

type code struct{ code, name, meaning string }

// codes reads the constants, their values and the comments behind them, which are their meanings.
func codes(t *testing.T) []code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), root+"/compiler/diag/codes.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var out []code
	seen := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			c := codeOf(t, v)
			if other := seen[c.code]; other != "" {
				t.Errorf("%s is both %s and %s", c.code, other, c.name)
			}
			seen[c.code] = c.name
			out = append(out, c)
		}
		return true
	})
	if len(out) < 30 {
		t.Fatalf("only %d codes were found: the test looks at nothing", len(out))
	}
	return out
}

func codeOf(t *testing.T, v *ast.ValueSpec) code {
	t.Helper()
	c := code{name: v.Names[0].Name, meaning: strings.TrimSpace(v.Comment.Text())}
	value, ok := v.Values[0].(*ast.BasicLit)
	if !ok || c.meaning == "" {
		t.Fatalf("%s needs a literal value and a comment behind it that says what it means", c.name)
	}
	var err error
	if c.code, err = strconv.Unquote(value.Value); err != nil {
		t.Fatal(err)
	}
	return c
}

// compare wants a page of docs/ to be what was generated, or writes it.
func compare(t *testing.T, name string, want []byte) {
	t.Helper()
	path := filepath.Join(root, "docs", name)
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/%s is not what the program says: make generate", name)
	}
}
