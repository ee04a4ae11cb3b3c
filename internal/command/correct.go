package command

import (
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/syntax"
	"github.com/ringfence/ringfence/internal/phrase"
)

// correct writes what the plan says into the expectations that differ, and takes these from the results. Nothing is
// written unless every file could be rewritten; what no literal of a file says is left to the reader.
func (a *app) correct(ws *workspace, results []testResult) error {
	byFile := map[string][]syntax.Correction{}
	for _, r := range results {
		for _, m := range r.differs {
			if m.Field != "" && len(r.Wrong) == 0 {
				file, _, _ := strings.Cut(m.Source, ":")
				byFile[file] = append(byFile[file], m.Correction)
			}
		}
	}
	texts := map[string][]byte{}
	var left []syntax.Correction
	for _, file := range slices.Sorted(maps.Keys(byFile)) {
		raw, err := fs.ReadFile(ws.tree, file)
		if err != nil {
			return err
		}
		text, rest, err := syntax.Rewrite(file, raw, byFile[file])
		if err != nil {
			return diag.New(diag.WriteFailed, "%v", err).WithFix("change the expectations by hand; nothing was written")
		}
		texts[file], left = text, append(left, rest...)
	}
	for _, file := range slices.Sorted(maps.Keys(texts)) {
		if n := len(byFile[file]) - among(left, file); n > 0 {
			if err := writeReviewed(ws.repo.Root(), file, texts[file]); err != nil {
				return err
			}
			a.out.event("progress", event{"updated": file, "values": n}, "updated %s: %s; look at it before you commit it", file, phrase.Count(n, "value"))
		}
	}
	for _, c := range left {
		a.out.event("progress", event{"left": c.Source, "field": c.Field}, "not updated: %s: %s is not written out there; change it where it comes from", c.Source, c.Field)
	}
	for i := range results {
		results[i].differs = slices.DeleteFunc(results[i].differs, func(m mismatch) bool {
			return len(results[i].Wrong) == 0 && m.Field != "" && !slices.ContainsFunc(left, m.same)
		})
	}
	return nil
}

func among(list []syntax.Correction, file string) (n int) {
	for _, c := range list {
		if strings.HasPrefix(c.Source, file+":") {
			n++
		}
	}
	return n
}

func (m mismatch) same(c syntax.Correction) bool { return m.Source == c.Source && m.Field == c.Field }
