package compiler_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/worker"
	"github.com/ringfence/ringfence/internal/genrepo"
	_ "github.com/ringfence/ringfence/internal/sameseed"
)

// memory is a cache that forgets nothing.
type memory struct {
	mu      sync.Mutex
	entries map[string][]byte
}

func newMemory() *memory { return &memory{entries: map[string][]byte{}} }

func (m *memory) Get(key string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.entries[key]
	return data, ok
}

func (m *memory) Put(key string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[key] = data
}

// noting is an evaluator that notes what it was asked, and answers with the reply's failure if it has one.
type noting struct {
	asked  []string
	failed map[string]worker.Failure
}

func (n *noting) Evaluate(_ context.Context, o worker.Order) []worker.Reply {
	out := make([]worker.Reply, len(o.Tasks))
	w := worker.New(o.Shared, nil)
	for i, task := range o.Tasks {
		n.asked = append(n.asked, task.Name)
		if out[i].Failure = n.failed[task.Name]; out[i].Failure == "" {
			w.Do(o.Known, o.Tasks[i:i+1], func(int) {}, func(_ int, data []byte) { out[i].Data = data })
		}
	}
	return out
}

// result is what two compilations must agree on.
func result(t fataler, tree fstest.MapFS, options compiler.Options) string {
	set, diags := compiler.Compile(context.Background(), tree, options)
	var b strings.Builder
	for _, p := range set.Tenants {
		fmt.Fprintln(&b, written(t, p))
	}
	fmt.Fprintf(&b, "%+v\n%s", set.Settings, render(nil, diags))
	return b.String()
}

// written is all of a policy as text, what its encoding leaves out included.
func written(t fataler, p *policy.Tenant) string {
	if p == nil {
		return "none"
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return fmt.Sprintf("%s %+v", data, p.Hosts)
}

type fataler interface{ Fatalf(string, ...any) }

// edits are changes of one file, some of them mistakes.
var edits = []struct{ file, old, new string }{
	{"tenants/acme/tenant.cue", `"24h"`, `"36h"`},
	{"tenants/acme/tenant.cue", "maxUnavailable", "maxUnavailible"},
	{"tenants/acme/tenant.cue", "\n\n", "\n\n\n"},
	{"tenants/acme/hosts.yaml", "tier: pilot", "tier: none"},
	{"tenants/acme/hosts.yaml", "web-1", "web-one"},
	{"tenants/msp-lab/tenant.cue", "Europe/Berlin", "Europe/Nowhere"},
	{"tenants/msp-lab/tenant.cue", "tenant:", "tenant::"},
	{"tenants/msp-lab/hosts.yaml", "hosts:", "host:"},
	{"baseline/baseline.cue", `"22:00"`, `"21:00"`},
	{"baseline/baseline.cue", "weeknight:", "weeknights:"},
	{"baseline/custom.rego", "package", "# moved\npackage"},
	{"ringfence.cue", "apt", "apt2"},
	{"cue.mod/module.cue", "msp.example", "msp2.example"},
}

// TestCachedIsCold: after any sequence of edits, what a cache of all earlier states leads to is what compiling without
// one leads to, byte for byte.
func TestCachedIsCold(t *testing.T) {
	base := scaffold(t)
	rapid.Check(t, func(t *rapid.T) {
		cache := newMemory()
		tree := maps.Clone(base)
		for range 3 {
			e := rapid.SampledFrom(edits).Draw(t, "edit")
			if rapid.Bool().Draw(t, "undo") {
				tree[e.file] = base[e.file]
			} else {
				text := strings.Replace(string(tree[e.file].Data), e.old, e.new, 1)
				tree[e.file] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
			}
			cold := result(t, tree, compiler.Options{})
			for range 2 {
				if got := result(t, tree, compiler.Options{Cache: cache}); got != cold {
					t.Fatalf("cached\n%s\ncold\n%s", got, cold)
				}
			}
		}
	})
}

// TestTogetherIsAlone: a tenant's result is the same whether its neighbours are compiled beside it, in its context, or
// not at all, and whatever is wrong with them.
func TestTogetherIsAlone(t *testing.T) {
	base := genrepo.Tree(40)
	alone := func(tree fstest.MapFS) map[string]string {
		out := map[string]string{}
		for _, name := range compiler.Tenants(tree) {
			set, diags := compiler.Compile(t.Context(), tree, compiler.Options{Only: []string{name}, Evaluator: &noting{}})
			out[name] = fmt.Sprintf("%s %v", written(t, set.Tenant(name)), about(render(nil, diags), name))
		}
		return out
	}
	archive := func(name string) fstest.MapFS {
		a, err := txtar.ParseFile("testdata/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		tree, _ := treeOf(t, a)
		return tree
	}
	tree := maps.Clone(base)
	for i, name := range []string{"misspelt_field", "enum", "syntax", "conflict_type", "structural_cycle", "import_other_tenant", "hosts_syntax"} {
		dir := fmt.Sprintf("tenants/customer-%04d/", 3+5*i)
		for file, data := range archive(name) {
			if rest, ok := strings.CutPrefix(file, "tenants/acme/"); ok {
				text := strings.ReplaceAll(string(data.Data), "tenant: acme", fmt.Sprintf("tenant: %q", dir[8:len(dir)-1]))
				tree[dir+rest] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, "package acme", "package customer")), Mode: 0o644}
			}
		}
	}
	set, diags := compiler.Compile(t.Context(), tree, compiler.Options{})
	if len(set.Tenants) < 30 || len(set.Tenants) > 36 {
		t.Fatalf("%d tenants compile: %v", len(set.Tenants), diags)
	}
	for name, want := range alone(tree) {
		if got := fmt.Sprintf("%s %v", written(t, set.Tenant(name)), about(render(nil, diags), name)); got != want {
			t.Errorf("%s together\n%s\nalone\n%s", name, got, want)
		}
	}
}

func about(list, tenant string) []string {
	var out []string
	for line := range strings.Lines(list) {
		if strings.Contains(line, "tenants/"+tenant+"/") {
			out = append(out, line)
		}
	}
	return out
}

// TestWhatIsCompiledAgain: a change costs those who can read it, nobody else.
func TestWhatIsCompiledAgain(t *testing.T) {
	all := []string{"acme", "msp-lab", "ringfence.cue"}
	for _, test := range []struct {
		file, text string
		want       []string
	}{
		{"README.md", "other", nil},
		{"docs/guide/page.md", "new", nil},
		{".github/x.cue", "package x", nil},
		{"trust/allowed_signers", "x", nil},
		{"tenants/acme/hosts.yaml", "hosts: []\n", []string{"acme"}},
		{"tenants/acme/deep/er/file.txt", "it could be a hosts file", []string{"acme"}},
		{"tenants/msp-lab/more.cue", "package msplab\n", []string{"msp-lab"}},
		{"tenants/third/tenant.cue", "package third\n", []string{"third"}},
		{"baseline/new.rego", "package ringfence.custom\n", all},
		{"baseline/new_test.rego", "package ringfence.custom_test\n", nil},
		{"baseline/baseline.cue", "package baseline\n", all},
		{"shared/a.cue", "package shared\n", all},
		{"ringfence.cue", "providers: apt: {}\n", all},
		{"cue.mod/module.cue", "module: \"msp.example/patching@v0\"\nlanguage: version: \"v0.17.0\"\n", all},
	} {
		tree, cache := scaffold(t), newMemory()
		compiler.Compile(t.Context(), tree, compiler.Options{Cache: cache})
		tree[test.file] = &fstest.MapFile{Data: []byte(test.text), Mode: 0o644}
		seen := &noting{}
		compiler.Compile(t.Context(), tree, compiler.Options{Cache: cache, Evaluator: seen})
		if slices.Sort(seen.asked); !slices.Equal(seen.asked, test.want) {
			t.Errorf("%s: compiled %v, not %v", test.file, seen.asked, test.want)
		}
	}
}

// TestAnotherProgram: answers of another build are not taken.
func TestAnotherProgram(t *testing.T) {
	cache, seen := newMemory(), &noting{}
	compiler.Compile(t.Context(), scaffold(t), compiler.Options{Cache: cache, Tool: "1"})
	compiler.Compile(t.Context(), scaffold(t), compiler.Options{Cache: cache, Tool: "2", Evaluator: seen})
	if len(seen.asked) != 3 {
		t.Errorf("compiled %v", seen.asked)
	}
}

// TestLimitsAreKept: who exceeded a limit gets one diagnostic, the others their results. The next compilation says the
// same of memory and processor time without trying; what a busy machine may be to blame for is tried again.
func TestLimitsAreKept(t *testing.T) {
	for why, kept := range map[worker.Failure]bool{worker.OutOfTime: true, worker.OutOfMemory: true, worker.Late: false, worker.Crashed: false} {
		cache := newMemory()
		seen := &noting{failed: map[string]worker.Failure{"msp-lab": why}}
		set, first := compiler.Compile(t.Context(), scaffold(t), compiler.Options{Cache: cache, Evaluator: seen})
		if len(first) != 1 || first[0].Range.File != "tenants/msp-lab/tenant.cue" || set.Tenant("acme") == nil || set.Tenant("msp-lab") != nil {
			t.Errorf("%s: %v %v", why, first, set.Tenants)
		}
		seen = &noting{}
		set, diags := compiler.Compile(t.Context(), scaffold(t), compiler.Options{Cache: cache, Evaluator: seen})
		if kept && (len(seen.asked) > 0 || render(nil, diags) != render(nil, first)) {
			t.Errorf("%s: asked %v again: %v", why, seen.asked, diags)
		}
		if !kept && (!slices.Equal(seen.asked, []string{"msp-lab"}) || len(diags) > 0 || len(set.Tenants) != 2) {
			t.Errorf("%s: %v %v", why, seen.asked, diags)
		}
		tree := scaffold(t)
		tree["tenants/msp-lab/tenant.cue"] = edit(t, tree, "tenants/msp-lab/tenant.cue", "\n\n", "\n\n\n")
		if set, diags := compiler.Compile(t.Context(), tree, compiler.Options{Cache: cache}); len(diags) > 0 || len(set.Tenants) != 2 {
			t.Errorf("%s, and mended: %v", why, diags)
		}
	}
}

// TestOnly compiles a tenant and those whose rings it requires.
func TestOnly(t *testing.T) {
	tree, seen := genrepo.Tree(30), &noting{}
	set, diags := compiler.Compile(t.Context(), tree, compiler.Options{Only: []string{"customer-0020", "nobody"}, Evaluator: seen})
	if !slices.Equal(seen.asked, []string{"ringfence.cue", "customer-0020", "customer-0000"}) || len(set.Tenants) != 2 || len(diags) > 0 {
		t.Errorf("%v %v", seen.asked, diags)
	}
	whole, _ := compiler.Compile(t.Context(), tree, compiler.Options{})
	if !reflect.DeepEqual(set.Tenant("customer-0020"), whole.Tenant("customer-0020")) {
		t.Error("it differs from what all together lead to")
	}
}
