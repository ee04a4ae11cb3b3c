package deviation

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/read"
)

// TestDifferences: each way in which a tenant can have something otherwise, and what is no difference.
func TestDifferences(t *testing.T) {
	base := &policy.Tenant{
		Rings: []policy.Ring{{Name: "pilot", StopAtFailures: 3, Window: "night", MaxUnavailable: policy.Amount{Percent: 25}, Source: "b:1:1"}},
		Windows: []policy.Window{
			{Name: "night", Days: []string{"mon"}, Start: "22:00", Source: "b:2:1"},
			{Name: "old", Always: true, Source: "b:3:1"},
			{Name: "plant", Events: []policy.Event{{Starts: "2026-12-09T18:00", Days: 1, Source: "b.ics:1:1"}}, Source: "b:4:1"},
		},
		Off: []string{"windows.spare"},
	}
	acme := &policy.Tenant{
		Name: "acme", Breaker: true, Source: "t:0:1",
		Rings: []policy.Ring{
			{Name: "broad", StopAtFailures: 1, Requires: []policy.Requirement{}, Select: []policy.Label{{Key: "a", Value: "b"}}, Source: "t:1:1"},
			{Name: "pilot", StopAtFailures: 2, Window: "night", MaxUnavailable: policy.Amount{Count: 1}, Source: "t:2:1"},
		},
		Windows: []policy.Window{
			{Name: "mine", Always: true, Source: "t:3:1"},
			{Name: "night", Dates: []string{"2026-12-05"}, Start: "22:00", Source: "t:4:1"},
			{Name: "plant", Events: []policy.Event{{Starts: "2026-12-09T18:00", Days: 1, Source: "t.ics:9:1"}}, Source: "t:5:1"},
			{Name: "spare", Always: true, Source: "t:6:1"},
			{Name: "tailored", Always: true, Source: "t:7:1"},
		},
		Otherwise: &policy.Rule{Name: "otherwise", Source: "t:8:1"},
		Off:       []string{"windows.own", "windows.old"},
	}
	use := read.Use{Definition: "d", Base: base, Open: []string{"windows.tailored"}}
	r := Of(&policy.Set{Tenants: []*policy.Tenant{acme}}, []read.Traits{
		{Tenant: "gone", Uses: []read.Use{use}}, {Tenant: "acme", Uses: []read.Use{use}, Ring: policy.Ring{StopAtFailures: 1}},
	})
	var got []string
	for _, d := range r.Definitions[0].Tenants[0].Differences {
		got = append(got, fmt.Sprintf("%s %s (%s)", d.Change, d.sentence(), d.Source))
	}
	want := []string{
		"own approval.otherwise is its own. (t:8:1)",
		`changed rings.pilot: maxUnavailable is 1 instead of "25%". (t:2:1)`,
		"changed rings.pilot: stopAtFailures is 2 instead of 3. (t:2:1)",
		"changed tenant: breaker is true instead of nothing. (t:0:1)",
		"own windows.mine is its own. (t:3:1)",
		`changed windows.night: dates is ["2026-12-05"] instead of nothing. (t:4:1)`,
		`changed windows.night: days is not set instead of ["mon"]. (t:4:1)`,

		"on windows.spare is switched on. (t:6:1)",
		"tailored windows.tailored is made of its parameters. (t:7:1)",
		"off windows.old is switched off. (b:3:1)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if n := len(r.Definitions[0].Tenants); n != 1 {
		t.Errorf("%d tenants", n)
	}
}

// TestAlternativesAreCompared: where they stand is no difference, and they are called as the policy calls them.
func TestAlternativesAreCompared(t *testing.T) {
	ring := func(soak policy.Duration, source string) policy.Ring {
		return policy.Ring{Name: "broad", RequiresAny: [][]policy.Requirement{{{Ring: "pilot", Soak: soak, Source: source}}}}
	}
	base := &policy.Tenant{Rings: []policy.Ring{ring(0, "b:1:1")}}
	differ := func(r policy.Ring) []Difference {
		return differences(&policy.Tenant{Rings: []policy.Ring{r}}, read.Use{Base: base}, policy.Ring{})
	}
	if got := differ(ring(0, "t:9:1")); len(got) > 0 {
		t.Errorf("moved only, and %v", got)
	}
	got := differ(ring(policy.Duration(time.Hour), "t:9:1"))
	if len(got) != 1 || got[0].Field != "requires.anyOf" || !strings.Contains(got[0].Value, `"soak":"1h"`) || strings.Contains(got[0].Value, "source") {
		t.Errorf("%v", got)
	}
}

// TestListsAreAsPoliciesWriteThem: what documents list, policies write by name.
func TestListsAreAsPoliciesWriteThem(t *testing.T) {
	base := policy.Ring{Name: "broad", Window: "night", Select: []policy.Label{{Key: "tier", Value: "prod"}}}
	own := policy.Ring{
		Name: "broad", Windows: []string{"moves", "night"}, Select: []policy.Label{{Key: "source", Value: "a"}},
		SelectBy:       []policy.Choice{{Key: "role", Not: []string{"db"}}},
		UnavailablePer: []policy.LabelAmount{{Label: "rack", Most: policy.Amount{Count: 1}}, {Label: "zone", Most: policy.Amount{Percent: 50}}},
		Requires:       []policy.Requirement{{Tenant: "msp-lab", Ring: "test", Succeeded: 95, Source: "t:1:1"}},
	}
	var got []string
	for _, d := range differences(&policy.Tenant{Rings: []policy.Ring{own}}, read.Use{Base: &policy.Tenant{Rings: []policy.Ring{base}}}, policy.Ring{}) {
		if strings.ContainsAny(d.Value, "{}") {
			t.Errorf("%s is %s", d.Field, d.Value)
		}
		got = append(got, strings.TrimPrefix(d.sentence(), "rings.broad: "))
	}
	for _, want := range []string{
		`maxUnavailablePer.rack is 1 instead of nothing.`, `maxUnavailablePer.zone is "50%" instead of nothing.`,
		`requires.msp-lab/test.succeeded is "95%" instead of nothing.`, `select.role.not is ["db"] instead of nothing.`,
		`select.source is "a" instead of nothing.`, `select.tier is not set instead of "prod".`, `window is ["moves","night"] instead of "night".`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %q", want, got)
		}
	}
}

// TestEveryPartIsCompared: what is added to a tenant is compared with the baseline, or said why not.
func TestEveryPartIsCompared(t *testing.T) {
	known := map[string]string{
		"TestClock": "", "Breaker": "", "SharesEvidence": "", "Disabled": "", "Rings": "", "Windows": "", "Lanes": "", "Freezes": "",
		"Rules": "", "Otherwise": "", "Off": "", "Exploited": "", "Accepts": "", "Groups": "",
		"APIVersion": "of the document", "Kind": "of the document", "Name": "differs in any case", "Timezone": "is the tenant's own",
		"Hosts": "are the tenant's own", "Modules": "are files", "Source": "is a place", "Lines": "are places",
	}
	typ := reflect.TypeFor[policy.Tenant]()
	for i := range typ.NumField() {
		if _, ok := known[typ.Field(i).Name]; !ok {
			t.Errorf("policy.Tenant.%s is not compared: read it in compiler/traits.go, take it apart in differ.go, and name it here", typ.Field(i).Name)
		}
	}
}
