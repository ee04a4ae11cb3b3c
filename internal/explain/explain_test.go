package explain_test

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/check"
	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/explain"
	"github.com/ringfence/ringfence/policies"
)

// TestPages: every code is explained whole, and nothing else is.
func TestPages(t *testing.T) {
	if n := len(explain.Pages()); n < 70 {
		t.Fatalf("only %d pages", n)
	}
	for _, p := range explain.Pages() {
		if p.Text == "" || p.Fix == "" || p.Wrong.Text == p.Right.Text || p.Wrong.Where == "" || p.Right.Where == "" {
			t.Errorf("%s (diag.%s) is not explained: add it to internal/explain/text", p.Code, p.Name)
		}
	}
	for _, code := range explain.Orphans() {
		t.Errorf("internal/explain/text explains %s, which is no code", code)
	}
}

func TestOf(t *testing.T) {
	for _, name := range []string{"RF1002", "rf1002", " 1002 "} {
		if p, ok := explain.Of(name); !ok || p.Code != diag.UnknownField {
			t.Errorf("%q: %v %v", name, p, ok)
		}
	}
	for _, name := range []string{"", "RF", "RF9999", "UnknownField"} {
		if p, ok := explain.Of(name); ok {
			t.Errorf("%q: %v", name, p)
		}
	}
}

// TestExamples compiles them: the wrong one has exactly its code, the right one has nothing to complain of.
func TestExamples(t *testing.T) {
	compiled := 0
	for _, p := range explain.Pages() {
		if !compiles(p.Wrong) {
			continue
		}
		compiled++
		t.Run(string(p.Code), func(t *testing.T) {
			wrong := codes(t, p.Wrong)
			if p.Code == diag.AcceptanceOver { // what was accepted counts again
				wrong = slices.DeleteFunc(wrong, func(c diag.Code) bool { return c == diag.EmptyRing })
			}
			if !slices.Equal(wrong, []diag.Code{p.Code}) {
				t.Errorf("the wrong example gives %v", wrong)
			}
			if right := codes(t, p.Right); len(right) > 0 {
				t.Errorf("the right example gives %v", right)
			}
		})
	}
	if compiled < 35 {
		t.Errorf("only %d examples were compiled", compiled)
	}
}

func compiles(e explain.Example) bool { return e.Where == "tenant" || path.Ext(e.Where) != "" }

// codes compiles a repository with the example in it: every code once, in order of appearance.
func codes(t *testing.T, e explain.Example) []diag.Code {
	t.Helper()
	set, list := compiler.Compile(t.Context(), repository(t, e), compiler.Options{CheckModules: decide.CheckModules})
	at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	ahead := check.NewAhead(at)
	for _, tenant := range set.Tenants {
		list = append(list, ahead.Tenant(tenant)...)
	}
	list, _ = check.Accept(set.Tenants, list, at)
	var out []diag.Code
	for _, d := range list {
		if !slices.Contains(out, d.Code) {
			out = append(out, d.Code)
			t.Log(d.Error())
		}
	}
	return out
}

// repository is what init writes, with a tenant acme of one host and one ring.
func repository(t *testing.T, e explain.Example) fs.FS {
	t.Helper()
	tree := fstest.MapFS{}
	from := policies.Scaffold()
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "tests/") {
			return err
		}
		data, err := fs.ReadFile(from, name)
		tree[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	put := func(name, text string) { tree[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644} }
	hosts, fields := "hosts.yaml", ""
	if e.Where == "tenant" {
		fields = e.Text
	}
	if strings.HasSuffix(e.Where, ".json") {
		hosts = path.Base(e.Where)
	}
	put("tenants/acme/hosts.yaml", "hosts:\n  - {name: db-1, providers: [apt], labels: {tier: prod, role: web}}\n"+second(fields))
	put("tenants/acme/tenant.cue", fmt.Sprintf(acme, hosts, fields))
	if path.Ext(e.Where) != "" {
		put(e.Where, e.Text)
	}
	return tree
}

// second is a host for a ring that an example adds.
func second(fields string) string {
	if !strings.Contains(fields, `tier: "web"`) {
		return ""
	}
	if strings.Contains(fields, "site north") {
		return "  - {name: web-1, providers: [apt], labels: {tier: web, role: web, site: north}}\n"
	}
	return "  - {name: web-1, providers: [apt], labels: {tier: web, role: web}}\n"
}

const acme = `package acme

import "msp.example/patching/baseline"

tenant: acme: baseline.#Tenant & {
	timezone: "Europe/Berlin"
	hosts: [%q]
	rings: all: {select: tier: "prod", window: "weekend"}
	%s
}
`
