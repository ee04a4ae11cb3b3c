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

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]string{
		"3d": "72h", "1d12h": "36h", "72h": "72h", "0s": "0s", "0d": "0s", "1d1m": "24h1m", "9999d999999h": "1239975h", "1h30m": "1h30m",
	} {
		if d, err := ParseDuration(text); err != nil || d.String() != want {
			t.Errorf("%q is %s, %v; want %s", text, d, err, want)
		}
	}
	for _, text := range []string{"", "d", "3", "12h1d", "1.5d", "-1d", "2w", "3 d", "99999d", "1h 30m", "3d3d"} {
		if d, err := ParseDuration(text); err == nil {
			t.Errorf("%q is read as %s", text, d)
		}
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
