package policy

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAmountNeverStarvesASmallRing(t *testing.T) {
	cases := []struct {
		amount Amount
		hosts  int
		want   int
	}{
		{Amount{Percent: 25}, 48, 12},
		{Amount{Percent: 25}, 7, 1},
		{Amount{Percent: 10}, 3, 1},
		{Amount{Percent: 50}, 3, 1},
		{Amount{Percent: 100}, 3, 3},
		{Amount{Count: 2}, 10, 2},
		{Amount{Count: 5}, 3, 5},
	}
	for _, c := range cases {
		if got := c.amount.Of(c.hosts); got != c.want {
			t.Errorf("%+v of %d is %d, expected %d", c.amount, c.hosts, got, c.want)
		}
	}
}

func TestDurationRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Duration(time.Duration(rapid.IntRange(0, 1_000_000).Draw(t, "seconds")) * time.Second)
		text, err := d.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var got Duration
		if err := got.UnmarshalText(text); err != nil || got != d {
			t.Fatalf("%s became %s: %v", d, got, err)
		}
	})
	if s := Duration(72 * time.Hour).String(); s != "72h" {
		t.Error(s)
	}
}

func TestAHostInTwoRingsIsInNone(t *testing.T) {
	prod := []Label{{Key: "tier", Value: "prod"}}
	tenant := Tenant{Rings: []Ring{{Name: "a", Select: prod}, {Name: "b", Select: []Label{{Key: "site", Value: "x"}}}, {Name: "empty"}}}
	for name, c := range map[string]struct {
		labels []Label
		ring   string
	}{
		"one": {prod, "a"}, "two": {append(prod, Label{Key: "site", Value: "x"}), ""}, "none": {nil, ""},
	} {
		ring, ok := tenant.RingOf(Host{Labels: c.labels})
		if ok != (c.ring != "") || ok && ring.Name != c.ring {
			t.Errorf("%s: %v, %t", name, ring, ok)
		}
	}
}
