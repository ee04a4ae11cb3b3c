package command

import (
	"fmt"
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
		done := without(byFile[file], left)
		if len(done) > 0 {
			if err := writeReviewed(ws.repo.Root(), file, texts[file]); err != nil {
				return err
			}
			a.out.event("progress", event{"updated": file, "values": len(done)}, "updated %s: %s; look at it before you commit it", file, written(done))
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

// without are the corrections of list that are not left to the reader.
func without(list, left []syntax.Correction) []syntax.Correction {
	return slices.DeleteFunc(slices.Clone(list), func(c syntax.Correction) bool { return slices.ContainsFunc(left, mismatch{Correction: c}.same) })
}

// written says how many values were rewritten, and that some were not replaced by any: the plan has nothing of the kind.
func written(done []syntax.Correction) string {
	out, gone := phrase.Count(len(done), "value"), 0
	for _, c := range done {
		if c.Value == nil {
			gone++
		}
	}
	if gone > 0 {
		out += fmt.Sprintf(", of which %d taken away, as the plan has none", gone)
	}
	return out
}

func (m mismatch) same(c syntax.Correction) bool { return m.Source == c.Source && m.Field == c.Field }
