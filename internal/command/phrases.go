package command

import (
	"fmt"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/ringfence/ringfence/internal/untrusted"
)

// hosts writes a few names and how many more.
func hosts(list []string) string {
	const shown = 8
	if len(list) <= shown {
		return count(len(list), "host") + ": " + strings.Join(list, " ")
	}
	return fmt.Sprintf("%d hosts: %s … %s", len(list), strings.Join(list[:shown-1], " "), list[len(list)-1])
}

// count is a number and what it counts: "1 host", "2 hosts".
func count(n int, word string) string { return fmt.Sprintf("%d %s", n, plural(n, word)) }

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func source(s string) string {
	if s == "" {
		return ""
	}
	return " (" + untrusted.Line(s, 200) + ")"
}

// split reads name and version out of a purl; label is both in one.
func split(purl string) (name, version string) {
	p, err := packageurl.FromString(purl)
	if err != nil {
		return untrusted.Line(purl, 100), ""
	}
	return untrusted.Line(p.Name, 100), untrusted.Line(p.Version, 100)
}

func label(purl string) string {
	name, version := split(purl)
	return strings.TrimSpace(name + " " + version)
}

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
