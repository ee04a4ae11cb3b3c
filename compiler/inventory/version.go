package inventory

import (
	"strings"

	debversion "github.com/knqyf263/go-deb-version"
	"github.com/package-url/packageurl-go"
)

// AtLeast reports whether installed satisfies an update to version. Package systems whose order we do not know count
// only when equal: a guess could call a host patched.
func AtLeast(purl, installed, version string) bool {
	if installed == version {
		return true
	}
	if !Ordered(purl) {
		return false
	}
	have, err := debversion.NewVersion(installed)
	if err != nil {
		return false
	}
	want, err := debversion.NewVersion(version)
	return err == nil && have.Compare(want) >= 0
}

// Ordered reports whether the order of a package system's versions is known.
func Ordered(purl string) bool { return strings.HasPrefix(purl, "pkg:deb/") }

// Package splits a purl into the package and the version; ok is false when it is none.
func Package(purl string) (name, version string, ok bool) {
	p, err := packageurl.FromString(purl)
	if err != nil {
		return "", "", false
	}
	version, p.Version = p.Version, ""
	return p.ToString(), version, true
}
