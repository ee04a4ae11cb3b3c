package compiler

import (
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/ringfence/ringfence/policies"
)

// TestTraits: what the scaffold's tenants take from its baseline.
func TestTraits(t *testing.T) {
	list, diags := TraitsOf(t.Context(), policies.Scaffold(), Options{}, []string{"acme", "msp-lab"})
	if len(diags) > 0 || len(list) != 2 {
		t.Fatal(list, diags)
	}
	for i, set := range []string{`"24h" tenants/acme/tenant.cue:9:2`, `"48h" `} {
		u := list[i].Uses
		if len(u) != 1 || u[0].Definition != "msp.example/patching/baseline.#Tenant" || len(u[0].Parameters) != 1 {
			t.Fatalf("%+v", u)
		}
		p := u[0].Parameters[0]
		if got := p.Value + " " + p.SetAt; got != set || p.Name != "#securityWait" || p.Default != `"48h"` || p.Type != `*"48h" | string` {
			t.Errorf("%+v", p)
		}
		b := u[0].Base
		if got := fmt.Sprint(len(b.Windows), len(b.Rules), len(b.Lanes), len(b.Rings), u[0].Open); got != "4 4 2 0 []" {
			t.Error(got)
		}
	}
	if r := list[0].Ring; r.MaxUnavailable.Percent != 25 || r.StopAtFailures != 1 || r.Reboot != "never" {
		t.Errorf("%+v", r)
	}
}

// TestTraitsByWayOf: a definition counts in whatever way a tenant comes by it, and under the name by which it does.
func TestTraitsByWayOf(t *testing.T) {
	const head = "package acme\n\nimport \"msp.example/patching/baseline\"\n\n"
	const rest = "timezone: \"UTC\", hosts: [\"hosts.yaml\"], rings: r: {select: a: \"b\", window: \"anytime\"}"
	for name, text := range map[string]string{
		"unified":       "tenant: acme: baseline.#Tenant & {" + rest + "}",
		"apart":         "tenant: acme: baseline.#Tenant\ntenant: acme: {" + rest + "}",
		"a field":       "_mine: baseline.#Tenant\ntenant: acme: _mine & {" + rest + "}",
		"a definition":  "#mine: baseline.#Tenant & {" + rest + "}\ntenant: acme: #mine",
		"embedded":      "tenant: acme: {baseline.#Tenant, " + rest + "}",
		"in a circle":   "_a: _b\n_b: _a\ntenant: acme: baseline.#Tenant & _a & {" + rest + "}",
		"in a struct":   "tenant: {acme: baseline.#Tenant & {" + rest + "}}",
		"comprehension": "tenant: {for n in [\"acme\"] {(n): baseline.#Tenant & {" + rest + "}}}",
	} {
		t.Run(name, func(t *testing.T) {
			repo := fstest.MapFS{}
			for _, f := range []string{"baseline/baseline.cue", "cue.mod/module.cue", "cue.mod/local-module.cue", "tenants/acme/hosts.yaml"} {
				raw, err := fs.ReadFile(policies.Scaffold(), f)
				if err != nil {
					t.Fatal(err)
				}
				repo[f] = &fstest.MapFile{Data: raw}
			}
			repo["tenants/acme/tenant.cue"] = &fstest.MapFile{Data: []byte(head + text + "\n")}
			list, diags := TraitsOf(t.Context(), repo, Options{}, []string{"acme"})
			if len(diags) > 0 || len(list) != 1 || len(list[0].Uses) != 1 || list[0].Uses[0].Definition != "msp.example/patching/baseline.#Tenant" {
				t.Errorf("%v %+v", diags, list)
			}
		})
	}
}
