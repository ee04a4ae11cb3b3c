package compiler_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/policies"
)

var update = flag.Bool("update", false, "rewrite the expected diagnostics of testdata/*.txtar")

// TestDiagnostics compiles trees with mistakes in them. An archive holds what differs from the scaffold, and in `want`
// the diagnostics word for word. A file "NAME -> TARGET" is a symbolic link, one named "NAME gone" is taken away.
func TestDiagnostics(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 150 {
		t.Fatalf("only %d archives: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tree, want := treeOf(t, archive)
			set, diags := compiler.Compile(t.Context(), tree, compiler.Options{})
			got := render(set.Tenants, diags)
			if *update {
				rewrite(t, file, archive, got)
				return
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			inside(t, tree, diags)
			inWords(t, diags)
		})
	}
}

// scaffold is a copy of the tree that init writes, without its scenarios.
func scaffold(t testing.TB) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	from := policies.Scaffold()
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "tests/") {
			return err
		}
		data, err := fs.ReadFile(from, name)
		out[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func treeOf(t testing.TB, archive *txtar.Archive) (tree fstest.MapFS, want string) {
	t.Helper()
	tree = scaffold(t)
	for _, f := range archive.Files {
		name, target, link := strings.Cut(f.Name, " -> ")
		switch {
		case f.Name == "want":
			want = string(f.Data)
		case link:
			tree[name] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
		case strings.HasSuffix(name, " submodule"):
			tree[strings.TrimSuffix(name, " submodule")] = &fstest.MapFile{Mode: fs.ModeIrregular}
		case strings.HasSuffix(name, " gone"):
			delete(tree, strings.TrimSuffix(name, " gone"))
		default:
			tree[name] = &fstest.MapFile{Data: unescape(f.Data), Mode: 0o644}
		}
	}
	return tree, want
}

// unescape lets an archive hold bytes that are no text: \xNN, in a file whose first line is "escaped". There \r ends a
// line as on Windows.
func unescape(data []byte) []byte {
	rest, ok := bytes.CutPrefix(data, []byte("escaped\n"))
	if !ok {
		return data
	}
	rest = bytes.ReplaceAll(rest, []byte("\\r\n"), []byte("\r\n"))
	return escapes.ReplaceAllFunc(rest, func(e []byte) []byte {
		out, _ := hex.AppendDecode(nil, e[2:])
		return out
	})
}

var escapes = regexp.MustCompile(`\\x[0-9a-f]{2}`)

func render(tenants interface{}, diags diag.List) string {
	var b strings.Builder
	for _, d := range diags {
		fmt.Fprintln(&b, d.Error())
		for _, r := range d.Related {
			fmt.Fprintf(&b, "  %s: %s\n", r.Range, r.Msg)
		}
		if d.Fix != "" {
			fmt.Fprintf(&b, "  fix: %s\n", d.Fix)
		}
	}
	return b.String()
}

func rewrite(t *testing.T, file string, archive *txtar.Archive, want string) {
	t.Helper()
	out := &txtar.Archive{Comment: archive.Comment}
	for _, f := range archive.Files {
		if f.Name != "want" {
			out.Files = append(out.Files, f)
		}
	}
	out.Files = append(out.Files, txtar.File{Name: "want", Data: []byte(want)})
	if err := os.WriteFile(file, txtar.Format(out), 0o644); err != nil {
		t.Fatal(err)
	}
}

// inWords checks that no text shows what CUE calls a value in error, or its comments.
func inWords(t *testing.T, diags diag.List) {
	t.Helper()
	for _, d := range diags {
		text := d.Summary + d.Detail + d.Fix
		if strings.Contains(text, "_|_") || strings.Contains(text, "//") && d.Code != diag.SyntaxError {
			t.Errorf("%v shows CUE's inside", d)
		}
	}
}

// inside checks that every position exists in the user's own files.
func inside(t *testing.T, tree fstest.MapFS, diags diag.List) {
	t.Helper()
	for _, d := range diags {
		if d.Range == nil || strings.HasPrefix(d.Range.File, ".ringfence") {
			t.Errorf("%v has no place in the user's files", d)
			continue
		}
		if d.Range.Start.Line == 0 {
			continue
		}
		f, ok := tree[d.Range.File]
		if !ok {
			t.Errorf("%v: there is no such file", d)
			continue
		}
		lines := strings.Split(string(f.Data), "\n")
		if l := d.Range.Start.Line; l > len(lines) || d.Range.Start.Column > len(lines[l-1])+1 {
			t.Errorf("%v: there is no such place", d)
		}
	}
}
