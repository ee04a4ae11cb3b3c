package compiler

import (
	"fmt"
	"testing"

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
