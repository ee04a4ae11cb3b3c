package compiler_test

import (
	"testing"

	"github.com/ringfence/ringfence/compiler"
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
