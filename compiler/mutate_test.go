package compiler_test

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"golang.org/x/tools/txtar"

	"github.com/ringfence/ringfence/policies"
)

// mutator makes policies that nobody would write, out of pieces of those that somebody did: the scaffold, the corpus of
// wrong policies and the schema. It knows the structure of CUE, so most of what it makes parses and gets far.
type mutator struct {
	bases  []fstest.MapFS
	labels []string
	values []string
	fields []string // with their values
}

func newMutator(t testing.TB) *mutator {
	t.Helper()
	m := &mutator{bases: []fstest.MapFS{scaffold(t)}}
	for _, name := range archives(t) {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tree, _ := treeOf(t, a)
		m.bases = append(m.bases, tree)
	}
	for _, tree := range m.bases {
		for name, f := range tree {
			if path.Ext(name) == ".cue" && f.Mode.IsRegular() {
				m.learn(string(f.Data))
			}
		}
	}
	for _, name := range []string{"tenant", "rules", "scenario", "settings"} {
		data, err := policies.Schema().Open("policy/" + name + ".cue")
		if err != nil {
			t.Fatal(err)
		}
		info, _ := data.Stat()
		text := make([]byte, info.Size())
		if _, err := data.Read(text); err != nil {
			t.Fatal(err)
		}
		m.learn(string(text))
	}
	for _, list := range []*[]string{&m.labels, &m.values, &m.fields} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return m
}

// learn takes the pieces of a file that parses.
func (m *mutator) learn(text string) {
	for _, s := range spots(text) {
		piece := text[s.from:s.to]
		if len(piece) > 600 {
			continue
		}
		switch s.kind {
		case label:
			m.labels = append(m.labels, piece)
		case value:
			m.values = append(m.values, piece)
		case field:
			m.fields = append(m.fields, piece)
		}
	}
}

// kind is what a stretch of CUE is.
type kind int

const (
	label kind = iota
	value
	field
	within // of a struct, where a field may stand
)

// spot is a stretch of text that may change.
type spot struct {
	kind     kind
	from, to int
}

// spots finds the stretches of a file, none in one that does not parse.
func spots(text string) (out []spot) {
	f, err := parser.ParseFile("x.cue", text, parser.ParseComments)
	if err != nil {
		return nil
	}
	add := func(k kind, n ast.Node) {
		from, to := n.Pos().Offset(), n.End().Offset()
		if n.Pos().IsValid() && n.End().IsValid() && 0 <= from && from <= to && to <= len(text) {
			out = append(out, spot{k, from, to})
		}
	}
	ast.Walk(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			add(label, n.Label)
			add(field, n)
			if n.Value != nil {
				add(value, n.Value)
			}
		case *ast.StructLit:
			if n.Lbrace.IsValid() {
				at := n.Lbrace.Offset() + 1
				out = append(out, spot{within, at, at})
			}
		case *ast.BinaryExpr, *ast.BasicLit, *ast.ListLit, *ast.UnaryExpr:
			add(value, n)
		}
		return true
	}, nil)
	return out
}

// mutant is a tree, and the files of it that were changed.
type mutant struct {
	tree    fstest.MapFS
	changed []string
}

// make makes the mutant of a seed.
func (m *mutator) make(seed uint64) mutant {
	r := rand.New(rand.NewPCG(seed, 0))
	base := m.bases[r.IntN(len(m.bases))]
	if r.IntN(2) == 0 {
		base = m.bases[0]
	}
	out := mutant{tree: fstest.MapFS{}}
	var names []string
	for name, f := range base {
		out.tree[name] = f
		if f.Mode.IsRegular() && (strings.HasPrefix(name, "tenants/acme/") || strings.HasPrefix(name, "baseline/") || name == "ringfence.cue") {
			names = append(names, name, name)
			if name == "tenants/acme/tenant.cue" {
				names = append(names, name, name, name, name)
			}
		}
	}
	slices.Sort(names)
	for range 1 + r.IntN(4) {
		if len(names) == 0 {
			break
		}
		name := names[r.IntN(len(names))]
		text := string(out.tree[name].Data)
		if path.Ext(name) == ".cue" {
			text = m.cue(r, text)
		} else {
			text = m.lines(r, text)
		}
		out.tree[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
		if !slices.Contains(out.changed, name) {
			out.changed = append(out.changed, name)
		}
	}
	return out
}

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

// lines changes text of which the mutator knows only that it has lines and words.
func (m *mutator) lines(r *rand.Rand, text string) string {
	lines := strings.SplitAfter(text, "\n")
	i, j := r.IntN(len(lines)), r.IntN(len(lines))
	switch r.IntN(7) {
	case 0:
		lines[i] = ""
	case 1:
		lines[i] += lines[j]
	case 2:
		lines[i], lines[j] = lines[j], lines[i]
	case 3:
		lines[i] = "  " + lines[i]
	case 4:
		lines[i] = strings.TrimLeft(lines[i], " \t")
	case 5:
		lines[i] = strings.Replace(lines[i], ":", pick(r, []string{"", "::", ": &a", ": *a", ": {", ": [", ": |", " :", ": !!binary"}), 1)
	case 6:
		words := strings.Fields(lines[i])
		if len(words) > 0 {
			lines[i] = strings.Replace(lines[i], words[r.IntN(len(words))], pick(r, odd), 1)
		}
	}
	return strings.Join(lines, "")
}

// dump shows what was changed, for a failing test.
func (m mutant) dump() string {
	var b strings.Builder
	for _, name := range m.changed {
		fmt.Fprintf(&b, "-- %s --\n%s\n", name, m.tree[name].Data)
	}
	return b.String()
}
