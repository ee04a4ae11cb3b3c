package compiler_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/policies"
)

func TestScaffoldCompiles(t *testing.T) {
	set, diags := compiler.Compile(t.Context(), policies.Scaffold(), compiler.Options{})
	for _, d := range diags {
		t.Error(d)
	}
	if len(set.Tenants) != 2 || set.Tenant("acme") == nil || len(set.Tenant("acme").Hosts) != 9 {
		t.Errorf("compiled %v", set.Tenants)
	}
}

// TestAlternativesStandBesideGates: what stands under anyOf is no ring, and what stands beside it must hold in any case.
func TestAlternativesStandBesideGates(t *testing.T) {
	tree := scaffold(t)
	file := tree["tenants/acme/tenant.cue"]
	file.Data = bytes.Replace(file.Data, []byte("requires: {\n"), []byte("requires: {\nanyOf: [{\"msp-lab/test\": {}, pilot: {}}, {pool: {hosts: 1, tenants: 1}}]\n"), 1)
	set, diags := compiler.Compile(t.Context(), tree, compiler.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	rings := set.Tenant("acme").Rings
	r := rings[slices.IndexFunc(rings, func(r policy.Ring) bool { return r.Name == "broad" })]
	keys := func(list []policy.Requirement) (out []string) {
		for _, q := range list {
			out = append(out, q.Key())
		}
		return out
	}
	if got := keys(r.Requires); !slices.Equal(got, []string{"msp-lab/test", "pilot"}) {
		t.Errorf("requires %q", got)
	}
	if len(r.RequiresAny) != 2 || !slices.Equal(keys(r.RequiresAny[0]), []string{"msp-lab/test", "pilot"}) || !slices.Equal(keys(r.RequiresAny[1]), []string{"*/pool"}) {
		t.Errorf("alternatives %v", r.RequiresAny)
	}
}
