package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/compiler/diag"
)

func newFmt(a *app) *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use:   "fmt [PATH…]",
		Short: "Lay out the policy's CUE and Rego",
		Long: `Lays out CUE as cue fmt does and Rego as opa fmt does, in the files and folders that are named, or in the whole
working folder of the repository, and prints the files that it changed. Lines end with LF afterwards. Hidden files and
folders, symbolic links and the copy of the schema are left alone, and so is a file that does not parse: it is reported.

With --check nothing is written. Exit 0: all is laid out; 1: a file does not parse; 3: the files that are printed differ.`,
		RunE: func(c *cobra.Command, args []string) error { return a.format(c.Context(), args, check) },
	}
	c.Flags().BoolVar(&check, "check", false, "write nothing; exit 3 if a file is laid out otherwise")
	return c
}

// maxFormatted is the size above which the compiler refuses a file, too.
const maxFormatted = 1 << 20

func (a *app) format(ctx context.Context, args []string, check bool) error {
	repo, err := a.openRepo(ctx)
	if err != nil {
		return err
	}
	if repo.Root() == "" {
		return diag.New(diag.NotARepository, "this repository is bare: it has no working folder").WithFix("format in a clone that has one")
	}
	names, err := a.formattable(repo.Root(), args)
	if err != nil {
		return err
	}
	var differ int
	var broken diag.List
	for _, name := range names {
		changed, list, err := formatFile(repo.Root(), name, check)
		if err != nil {
			return err
		}
		broken = append(broken, list...)
		if changed {
			differ++
			a.out.emit("progress", name, event{"file": name})
			if !a.json {
				fmt.Fprintln(a.Stdout, name)
			}
		}
	}
	a.out.diagnostics(broken, os.DirFS(repo.Root()))
	switch {
	case len(broken) > 0:
		return done(ExitError)
	case check && differ > 0:
		a.out.say("%s laid out otherwise; to change that: ringfence fmt", count(differ, "file"))
		return done(ExitDenied)
	}
	return nil
}

// formattable lists the files to lay out, by their path from the root, sorted.
func (a *app) formattable(root string, args []string) ([]string, error) {
	if len(args) == 0 {
		return cueAndRego(root, ".")
	}
	var out []string
	for _, arg := range args {
		dir, err := filepath.EvalSymlinks(a.Dir)
		if err != nil {
			return nil, err
		}
		rel, err := filepath.Rel(root, join(dir, arg))
		if err != nil || !filepath.IsLocal(rel) {
			return nil, fail(ExitUsage, diag.New(diag.Usage, "%s is outside the repository", arg).WithFix("name files and folders of the repository"))
		}
		list, err := cueAndRego(root, filepath.ToSlash(rel))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fail(ExitUsage, diag.New(diag.Usage, "there is no %s", arg).WithFix("name files and folders of the repository"))
		}
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// cueAndRego walks without following links.
func cueAndRego(root, from string) ([]string, error) {
	var out []string
	err := fs.WalkDir(os.DirFS(root), from, func(name string, d fs.DirEntry, err error) error {
		hidden := name != "." && strings.HasPrefix(path.Base(name), ".")
		switch {
		case err != nil:
			return err
		case d.IsDir() && (hidden || name == "schema"):
			return fs.SkipDir
		case d.Type().IsRegular() && !hidden && slices.Contains([]string{".cue", ".rego"}, path.Ext(name)):
			out = append(out, name)
		}
		return nil
	})
	return out, err
}

// formatFile lays out one file. Nothing is written if it is right already, does not parse, or only is to be checked.
func formatFile(root, name string, check bool) (changed bool, list diag.List, err error) {
	full := filepath.Join(root, filepath.FromSlash(name))
	src, err := os.ReadFile(full)
	if err != nil {
		return false, nil, err
	}
	if d, bad := unreadable(name, src); bad {
		return false, diag.List{d}, nil
	}
	layOut := compiler.Format
	if path.Ext(name) == ".rego" {
		layOut = decide.Format
	}
	out, list := layOut(name, bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n")))
	if len(list) > 0 || bytes.Equal(out, src) {
		return false, list, nil
	}
	if check {
		return true, nil, nil
	}
	err = writeWhole(full, func(w io.Writer) error { _, err := w.Write(out); return err })
	if err != nil {
		return false, nil, notWritten(name, err)
	}
	return true, nil, nil
}

// unreadable keeps from the parsers what they cannot bear: they recurse, and a stack that overflows ends the program.
func unreadable(name string, src []byte) (diag.Diagnostic, bool) {
	at := diag.Range{File: name}
	switch {
	case len(src) > maxFormatted || !utf8.Valid(src):
		return diag.New(diag.RefusedFile, "%s is no UTF-8 text of at most 1 MiB", path.Base(name)).At(at).
			WithFix("replace it with a file that the compiler would read"), true
	case nesting(src) > maxNesting:
		return diag.New(diag.LimitExceeded, "brackets are nested deeper than %d", maxNesting).At(at).WithFix("close them"), true
	}
	return diag.Diagnostic{}, false
}

// maxNesting is far above what people write.
const maxNesting = 500

// nesting is how many brackets are open at once, at most.
func nesting(src []byte) int {
	open, most := 0, 0
	for _, c := range src {
		switch c {
		case '(', '[', '{':
			open++
		case ')', ']', '}':
			open = max(0, open-1)
		}
		most = max(most, open)
	}
	return most
}
