package suggest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// offset is a distance from UTC, as people write one in place of a zone.
var offset = lazyregexp.New(`^(?i:etc/)?(?i:utc|gmt|z)? ?([+-]) ?0?([0-9]{1,2})(?::?00)?$`)

// Zone returns the zone that the writer most likely meant, or "", and what must be said of it, or "". It never means another
// distance from UTC than the writer silently: abbreviations and numbers, of which one letter more or less is another clock, are
// no slips of one another.
func Zone(word string, zones []string) (meant, note string) {
	if m := offset.FindStringSubmatch(word); m != nil {
		return fixed(m[1], m[2], zones)
	}
	if strings.EqualFold(word, "z") {
		return "UTC", ""
	}
	var places, ofCity []string
	for _, z := range zones {
		_, city, ok := strings.Cut(z, "/")
		switch {
		case strings.EqualFold(z, word):
			return z, ""
		case strings.HasPrefix(z, "Etc/") || z == strings.ToUpper(z) || strings.ContainsAny(z, "0123456789"):
			continue
		case ok && strings.EqualFold(city, strings.ReplaceAll(word, " ", "_")):
			ofCity = append(ofCity, z)
		}
		places = append(places, z)
	}
	switch {
	case len(ofCity) == 1:
		return ofCity[0], ""
	case strings.ContainsAny(word, "0123456789"):
		return "", ""
	}
	return Word(word, places), ""
}

// fixed is the zone so many hours from UTC. IANA's names of these have the sign that nobody expects.
func fixed(sign, hours string, zones []string) (meant, note string) {
	n, _ := strconv.Atoi(hours)
	if n == 0 {
		return "UTC", ""
	}
	meant, side := "Etc/GMT-"+strconv.Itoa(n), "ahead of"
	if sign == "-" {
		meant, side = "Etc/GMT+"+strconv.Itoa(n), "behind"
	}
	if !slices.Contains(zones, meant) {
		return "", ""
	}
	unit := "hours"
	if n == 1 {
		unit = "hour"
	}
	return meant, fmt.Sprintf("%q is %d %s %s UTC all year: IANA's signs are the other way round", meant, n, unit, side)
}
