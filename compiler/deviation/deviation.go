// Package deviation says in what tenants that share a definition of the baseline differ from it. It compares compiled
// policies field by field, so a field that is added to the policy is compared without being named here.
package deviation

import (
	"cmp"
	"slices"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/read"
	"github.com/ringfence/ringfence/internal/canonical"
)

// Report is every definition that tenants use, and what each of them has made of it.
type Report struct {
	APIVersion  string       `json:"apiVersion"`
	Kind        string       `json:"kind"`              // "Deviations"
	Definitions []Definition `json:"definitions"`       // sorted by name
	Alone       []string     `json:"alone"`             // tenants that use none
	Missing     []string     `json:"missing,omitempty"` // tenants that are in error, of which nobody knows
}

// Definition is one definition, what it publishes, and its tenants.
type Definition struct {
	Name       string      `json:"definition"`
	Parameters []Parameter `json:"parameters"` // sorted by name
	Tenants    []Tenant    `json:"tenants"`    // sorted by name
}

// Parameter is a value that tenants may set.
type Parameter struct {
	Name    string    `json:"parameter"`
	Type    string    `json:"type"`    // as the definition writes it
	Default string    `json:"default"` // as CUE; empty if each tenant must set it
	Source  string    `json:"source"`
	SetBy   []Setting `json:"setBy"` // sorted by tenant
}

// Setting is one tenant's value of a parameter.
type Setting struct {
	Tenant string `json:"tenant"`
	Value  string `json:"value"` // as CUE
	Source string `json:"source"`
}

// Tenant is what one tenant has otherwise than the definition. Where there is nothing, it does as the definition says.
type Tenant struct {
	Name        string       `json:"tenant"`
	Differences []Difference `json:"differences"`
}

// Difference is one field that is not as the definition says, or as the schema does where the definition says nothing.
// A part that is whole on one side only has no field.
type Difference struct {
	Part    string `json:"part"`            // "windows.weekend"
	Field   string `json:"field,omitempty"` // "approve.after"
	Value   string `json:"value"`           // as JSON; empty: it is not set, or switched off
	Instead string `json:"instead"`         // as JSON; empty: it is not set
	Change  Change `json:"change"`
	Source  string `json:"source"`
}

// Change says what a tenant did.
type Change string

// The changes.
const (
	Own      Change = "own"      // a part that the definition does not have
	Off      Change = "off"      // a part that is switched off
	On       Change = "on"       // a part that the definition has switched off
	Changed  Change = "changed"  // a field has another value
	Tailored Change = "tailored" // a part that the definition leaves to parameters without a default
)

// Of compares tenants with what they use. Traits stand in any order; those of tenants that are not in the set do not
// count.
func Of(set *policy.Set, traits []read.Traits) Report {
	out := Report{APIVersion: canonical.APIVersion, Kind: "Deviations", Definitions: []Definition{}, Alone: []string{}}
	at := map[string]int{}
	for _, x := range sorted(traits) {
		t := set.Tenant(x.Tenant)
		if t == nil {
			continue
		}
		if len(x.Uses) == 0 {
			out.Alone = append(out.Alone, t.Name)
		}
		for _, u := range x.Uses {
			i, ok := at[u.Definition]
			if !ok {
				i = len(out.Definitions)
				at[u.Definition] = i
				out.Definitions = append(out.Definitions, Definition{Name: u.Definition, Parameters: published(u), Tenants: []Tenant{}})
			}
			out.Definitions[i].add(t, u, x.Ring)
		}
	}
	slices.SortFunc(out.Definitions, func(a, b Definition) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func sorted(traits []read.Traits) []read.Traits {
	return slices.SortedFunc(slices.Values(traits), func(a, b read.Traits) int { return cmp.Compare(a.Tenant, b.Tenant) })
}

func published(u read.Use) []Parameter {
	out := []Parameter{}
	for _, p := range u.Parameters {
		out = append(out, Parameter{p.Name, p.Type, p.Default, p.Source, []Setting{}})
	}
	return out
}

func (d *Definition) add(t *policy.Tenant, u read.Use, ring policy.Ring) {
	for _, p := range u.Parameters {
		i := slices.IndexFunc(d.Parameters, func(x Parameter) bool { return x.Name == p.Name })
		if i >= 0 && (p.SetAt != "" || p.Value != p.Default) {
			d.Parameters[i].SetBy = append(d.Parameters[i].SetBy, Setting{t.Name, p.Value, p.SetAt})
		}
	}
	d.Tenants = append(d.Tenants, Tenant{t.Name, differences(t, u, ring)})
}
