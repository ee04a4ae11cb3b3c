// Package phrase is how verbs and views call things, so that all of them call a thing alike: so many hosts, an update, the
// place of a policy line, an instant by a tenant's clock. Updates and places are neutralised for a terminal; names are
// written as they are given.
package phrase

import (
	"fmt"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/ringfence/ringfence/internal/untrusted"
)

// Hosts writes a few names and how many more.
func Hosts(list []string) string {
	const shown = 8
	if len(list) <= shown {
		return Count(len(list), "host") + ": " + strings.Join(list, " ")
	}
	return fmt.Sprintf("%d hosts: %s … %s", len(list), strings.Join(list[:shown-1], " "), list[len(list)-1])
}

// Some writes the first few names and how many more.
func Some(names []string) string {
	const shown = 8
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

// First keeps the first n names, and marks that there are more.
func First(list []string, n int) []string {
	if len(list) > n {
		return append(list[:n:n], "…")
	}
	return list
}

// Word is a word of a command line as a POSIX shell reads it back, so that a command that is printed can be pasted; in
// quotes only where it must be.
func Word(s string) string {
	if s != "" && !strings.ContainsFunc(s, special) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// special reports whether a shell may take a character for more than itself.
func special(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("@%+=:,./_-", r))
}

// Count is a number and what it counts: "1 host", "2 hosts".
func Count(n int, word string) string { return fmt.Sprintf("%d %s", n, Plural(n, word)) }

// Plural is a word for so many.
func Plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// Source is where a line stands, in brackets behind what it says; nothing for no place.
func Source(s string) string {
	if s == "" {
		return ""
	}
	return " (" + untrusted.Line(s, 200) + ")"
}

// NameVersion reads name and version out of a purl; of what is none, all of it is the name.
func NameVersion(purl string) (name, version string) {
	p, err := packageurl.FromString(purl)
	if err != nil {
		return untrusted.Line(purl, 100), ""
	}
	return untrusted.Line(p.Name, 100), untrusted.Line(p.Version, 100)
}

// Update is name and version of a purl in one.
func Update(purl string) string {
	name, version := NameVersion(purl)
	return strings.TrimSpace(name + " " + version)
}
