package ics

import (
	_ "embed" // the table
	"strings"
	"sync"

	"github.com/ringfence/ringfence/compiler/window"
)

// windowsZones is the world-wide column of windowsZones.xml of the Unicode CLDR, release 41: the names that Outlook
// and Exchange write, and the IANA zone of each.
//
//go:embed windowszones.tsv
var windowsZones string

var fromWindows = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(windowsZones) {
		if name, zone, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			out[name] = zone
		}
	}
	return out
})

// FromWindows is the IANA zone that a name of Windows stands for, "" if it is none.
func FromWindows(name string) string { return fromWindows()[name] }

// zoneOf finds the IANA name of a TZID: that name itself, one that Windows uses, the end of a path such as
// /mozilla.org/20070129_1/Europe/Berlin, or what the calendar's own VTIMEZONE says.
func zoneOf(id, location string) (string, bool) {
	for _, name := range []string{id, location} {
		for rest := name; rest != ""; {
			if _, err := window.Zone(rest); err == nil {
				return rest, true
			}
			if zone := fromWindows()[rest]; zone != "" {
				return zone, true
			}
			if strings.EqualFold(rest, "utc") {
				return "UTC", true
			}
			_, rest, _ = strings.Cut(rest, "/")
		}
	}
	return "", false
}
