package phrase_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/internal/phrase"
)

// TestLists: what is short is written out, what is long says how long it is.
func TestLists(t *testing.T) {
	eight, nine := strings.Fields("a b c d e f g h"), strings.Fields("a b c d e f g h i")
	for got, want := range map[string]string{
		phrase.Hosts(eight[:1]):                       "1 host: a",
		phrase.Hosts(eight):                           "8 hosts: a b c d e f g h",
		phrase.Hosts(nine):                            "9 hosts: a b c d e f g … i",
		phrase.Some(eight):                            "a, b, c, d, e, f, g, h",
		phrase.Some(nine):                             "a, b, c, d, e, f, g, h and 1 more",
		strings.Join(phrase.First(nine, 2), " "):      "a b …",
		strings.Join(phrase.First(eight, 8), " "):     "a b c d e f g h",
		phrase.Word("a/plan-1.json"):                  "a/plan-1.json",
		phrase.Word("my plan.json"):                   "'my plan.json'",
		phrase.Word("it's $HOME"):                     `'it'\''s $HOME'`,
		phrase.Word("~"):                              "'~'",
		phrase.Word("Plän"):                           "'Plän'",
		phrase.Word(""):                               "''",
		phrase.Count(0, "host"):                       "0 hosts",
		phrase.Source("tenants/a.cue:1:1\x1b[2J"):     " (tenants/a.cue:1:1�[2J)",
		phrase.Source(""):                             "",
		phrase.Update("pkg:deb/debian/bash@5.2%1b[J"): "bash 5.2�[J",
		phrase.Update("no purl"):                      "no purl",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if nine[2] != "c" {
		t.Error("First wrote into its list")
	}
}

// TestClocks: an occurrence is told by the window's own clock, by that of hosts that share one, else by the tenant's.
func TestClocks(t *testing.T) {
	label := func(zone string) []policy.Label { return []policy.Label{{Key: policy.ZoneLabel, Value: zone}} }
	c := phrase.ClocksOf(&policy.Tenant{
		Timezone: "Europe/Berlin",
		Windows:  []policy.Window{{Name: "here", Always: true}, {Name: "tokyo", Timezone: "Asia/Tokyo"}, {Name: "local", Timezone: policy.HostZone}},
		Hosts:    []policy.Host{{Name: "a", Labels: label("America/New_York")}, {Name: "b", Labels: label("America/New_York")}, {Name: "c"}},
	})
	at := time.Date(2026, 12, 1, 20, 0, 0, 0, time.UTC)
	end := at.Add(time.Hour)
	for _, x := range []struct {
		window string
		hosts  []string
		want   string
	}{
		{"here", nil, "Europe/Berlin"},
		{"gone", nil, "Europe/Berlin"},
		{"tokyo", []string{"a"}, "Asia/Tokyo"},
		{"local", []string{"a", "b"}, "America/New_York"},
		{"local", []string{"a", "c"}, "Europe/Berlin"},
		{"local", nil, "Europe/Berlin"},
	} {
		if got := c.Occurrence(window.Occurrence{Window: x.window, Opens: at, Closes: &end}, x.hosts); !strings.Contains(got, x.want) {
			t.Errorf("%s of %v: %q, want it in %s", x.window, x.hosts, got, x.want)
		}
	}
	if got, want := c.Instant(at), "Tue 1 Dec 2026 21:00 Europe/Berlin (20:00 UTC)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := c.Instant(at.Add(3*time.Hour)), "Wed 2 Dec 2026 00:00 Europe/Berlin (Tue 23:00 UTC)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := phrase.ClocksOf(nil).Instant(at), "Tue 1 Dec 2026 20:00 UTC"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
