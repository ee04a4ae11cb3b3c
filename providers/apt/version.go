package apt

import (
	"fmt"

	debversion "github.com/knqyf263/go-deb-version"
)

// compareVersions orders as dpkg does.
func compareVersions(a, b string) (int, error) {
	va, err := debversion.NewVersion(a)
	if err != nil {
		return 0, fmt.Errorf("version %.80q: %w", a, err)
	}
	vb, err := debversion.NewVersion(b)
	if err != nil {
		return 0, fmt.Errorf("version %.80q: %w", b, err)
	}
	return va.Compare(vb), nil
}

// newer says that a is newer than b. Every version is newer than none.
func newer(a, b string) bool {
	order, err := compareVersions(a, b)
	return b == "" || err == nil && order > 0
}
