package runner

import (
	"strings"

	debversion "github.com/knqyf263/go-deb-version"
)

// atLeast reports whether installed satisfies an update to version. Package systems whose order we do not know count
// only when equal: a guess could call a host patched.
func atLeast(purl, installed, version string) bool {
	if installed == version {
		return true
	}
	if !strings.HasPrefix(purl, "pkg:deb/") {
		return false
	}
	have, err := debversion.NewVersion(installed)
	if err != nil {
		return false
	}
	want, err := debversion.NewVersion(version)
	return err == nil && have.Compare(want) >= 0
}
