package suggest_test

import (
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/window"
)

// TestZone: no suggestion is another distance from UTC than what was written, unless it is a place that says so itself.
func TestZone(t *testing.T) {
	for word, want := range map[string]string{
		"GMT+5": "Etc/GMT-5", "UTC+2": "Etc/GMT-2", "GMT-8": "Etc/GMT+8", "utc-03:00": "Etc/GMT+3", "+01:00": "Etc/GMT-1", "UTC +1": "Etc/GMT-1",
		"UTC+00:00": "UTC", "Z": "UTC", "z": "UTC", "utc": "UTC", "gmt": "GMT",
		"UTC+5:30": "", "GMT+15": "", "Etc/GMT+15": "", "UTC-13": "",
		"PST": "", "BST": "", "JST": "", "AEST": "", "CEST": "", "EDT": "", "IST": "",
		"europe/berlin": "Europe/Berlin", "Berlin": "Europe/Berlin", "new york": "America/New_York", "Europe/Berln": "Europe/Berlin",
		"Japn": "Japan", "Middle-earth": "",
	} {
		if got, _ := suggest.Zone(word, window.Zones()); got != want {
			t.Errorf("%q means %q, want %q", word, got, want)
		}
	}
	// What a note says holds: the sign of the name is turned round, the offset is not.
	meant, note := suggest.Zone("GMT+5", window.Zones())
	loc, err := window.Zone(meant)
	if err != nil {
		t.Fatal(err)
	}
	if _, seconds := time.Unix(0, 0).In(loc).Zone(); seconds != 5*60*60 || note != `"Etc/GMT-5" is 5 hours ahead of UTC all year: IANA's signs are the other way round` {
		t.Errorf("%s: %d s, %s", meant, seconds, note)
	}
}
