package policy

import (
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"
)

func labelled(name string, pairs ...string) Host {
	h := Host{Name: name}
	for i := 0; i < len(pairs); i += 2 {
		h.Labels = append(h.Labels, Label{Key: pairs[i], Value: pairs[i+1]})
	}
	return h
}

func TestChoices(t *testing.T) {
	for name, c := range map[string]struct {
		choice Choice
		value  string
		want   bool
	}{
		"one of":                   {Choice{In: []string{"a", "b"}}, "b", true},
		"none of":                  {Choice{In: []string{"a", "b"}}, "c", false},
		"not":                      {Choice{Not: []string{"a"}}, "a", false},
		"not, another":             {Choice{Not: []string{"a"}}, "b", true},
		"not, without the label":   {Choice{Not: []string{"a"}}, "", true},
		"in, without the label":    {Choice{In: []string{"a"}}, "", false},
		"glob":                     {Choice{Glob: "web-*"}, "web-1", true},
		"glob, all of the value":   {Choice{Glob: "web-*"}, "my-web-1", false},
		"glob, without the label":  {Choice{Glob: "*"}, "", true},
		"prefix and suffix differ": {Choice{Glob: "aba*ba"}, "aba", false},
		"sets":                     {Choice{Glob: "db-[0-4]?"}, "db-37", true},
		"no pattern":               {Choice{Glob: "db-["}, "db-[", false},
		"all parts hold":           {Choice{Glob: "web-*", Not: []string{"web-9"}}, "web-9", false},
		"says nothing":             {Choice{}, "x", false},
	} {
		if got := c.choice.holds(c.value); got != c.want {
			t.Errorf("%s: %s of %q is %v", name, c.choice, c.value, got)
		}
	}
}

// shares cut the hosts with tier: prod at a percentage.
func shares(seed string, cut int) []Ring {
	prod := []Label{{Key: "tier", Value: "prod"}}
	return []Ring{
		{Name: "first", Select: prod, Share: &Share{To: cut, Seed: seed}},
		{Name: "rest", Select: prod, Share: &Share{From: cut, To: 100, Seed: seed}},
	}
}

func ringsOf(t *Tenant) map[string]string {
	out := map[string]string{}
	for _, h := range t.Hosts {
		if r, ok := t.RingOf(h); ok {
			out[h.Name] = r.Name
		}
	}
	return out
}

// TestAHostThatIsAddedMovesNoOther: complementary shares part the hosts, whatever their number and order.
func TestAHostThatIsAddedMovesNoOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tenant := &Tenant{Rings: shares("acme", rapid.IntRange(1, 99).Draw(t, "cut"))}
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,4}-[0-9]{1,3}`), 1, 40, rapid.ID).Draw(t, "hosts")
		for _, n := range names {
			tenant.Hosts = append(tenant.Hosts, labelled(n, "tier", "prod"))
		}
		all := ringsOf(tenant)
		if len(all) != len(names) {
			t.Fatalf("%d of %d hosts are in exactly one ring", len(all), len(names))
		}
		tenant.Hosts = rapid.Permutation(tenant.Hosts[:len(names)-1]).Draw(t, "without the last")
		delete(all, names[len(names)-1])
		if got := ringsOf(tenant); !maps.Equal(got, all) {
			t.Fatalf("with one host less: %v, before: %v", got, all)
		}
	})
}

// TestPlacesAreContract: another program must find the same hosts in a share.
func TestPlacesAreContract(t *testing.T) {
	// printf acme/web-1 | sha256sum, the first 16 hex digits modulo 100
	for name, want := range map[string]int{"web-1": 73, "db-7": 10} {
		if got := (Share{Seed: "acme"}).place(name); got != want {
			t.Errorf("%s is at %d, want %d", name, got, want)
		}
	}
	in := 0
	for i := range 1000 {
		if (Share{To: 10, Seed: "acme"}).Takes(fmt.Sprintf("host-%d", i)) {
			in++
		}
	}
	if in < 70 || in > 130 {
		t.Errorf("%d of 1000 hosts are in a tenth", in)
	}
}

func TestNoRingTakesAllByAccident(t *testing.T) {
	if (Ring{Share: &Share{To: 100}}).In(labelled("a")) || (Ring{SelectBy: []Choice{{Key: "tier"}}}).In(labelled("a")) {
		t.Error("a ring that asks for no label took a host")
	}
}
