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

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/internal/limited"
	"github.com/ringfence/ringfence/internal/phrase"
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
	files, broken, err := readable(repo.Root(), names)
	if err != nil {
		return err
	}
	layouts := a.pool().Format(ctx, files)
	if err := ctx.Err(); err != nil {
		return err
	}
	var differ int
	for i, f := range files {
		changed, err := layOut(repo.Root(), f, layouts[i], check)
		if err != nil {
			return err
		}
		broken = append(broken, layouts[i].Diags...)
		if changed {
			differ++
			a.out.emit("progress", f.Path, event{"file": f.Path})
			if !a.json {
				fmt.Fprintln(a.Stdout, f.Path)
			}
		}
	}
	broken.Sort()
	a.out.diagnostics(broken, os.DirFS(repo.Root()))
	switch {
	case len(broken) > 0:
		return done(ExitError)
	case check && differ > 0:
		a.out.say("%s laid out otherwise; to change that: ringfence fmt", phrase.Count(differ, "file"))
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

// readable reads the files to lay out, and says which are no text that the compiler would read.
func readable(root string, names []string) (files []repository.File, broken diag.List, err error) {
	for _, name := range names {
		full := filepath.Join(root, filepath.FromSlash(name))
		info, err := os.Stat(full)
		if err != nil {
			return nil, nil, err
		}
		var src []byte
		if info.Size() <= maxFormatted {
			if src, err = os.ReadFile(full); err != nil {
				return nil, nil, err
			}
		}
		if info.Size() > maxFormatted || !utf8.Valid(src) {
			broken = append(broken, diag.New(diag.RefusedFile, "%s is no UTF-8 text of at most 1 MiB", path.Base(name)).At(diag.Range{File: name}).
				WithFix("replace it with a file that the compiler would read"))
			continue
		}
		files = append(files, repository.File{Path: name, Size: info.Size(), Data: src})
	}
	return files, broken, nil
}

// layOut writes one file anew. Nothing is written if it is right already, does not parse, or only is to be checked.
func layOut(root string, f repository.File, as limited.Layout, check bool) (changed bool, err error) {
	if len(as.Diags) > 0 || bytes.Equal(as.Text, f.Data) {
		return false, nil
	}
	if check {
		return true, nil
	}
	full := filepath.Join(root, filepath.FromSlash(f.Path))
	if err := writeWhole(full, func(w io.Writer) error { _, err := w.Write(as.Text); return err }); err != nil {
		return false, notWritten(f.Path, err)
	}
	return true, nil
}
