//go:build linux

package lab

import "os"

// Main is a TestMain for packages that use the lab: it runs m inside the namespaces, or, where the lab is not
// available, outside them, so that [Require] can say why. It does not return.
func Main(m interface{ Run() int }) {
	refused = Enter()
	os.Exit(m.Run())
}

// refused is why Main could not enter.
var refused error

// TB is what Require needs of a *testing.T or *testing.B.
type TB interface {
	Helper()
	Skip(args ...any)
	Fatal(args ...any)
}

// Require skips the test with the reason when there is no lab. With LAB_REQUIRED=1, as in CI, it fails instead.
func Require(t TB) {
	t.Helper()
	switch {
	case Inside():
	case os.Getenv("LAB_REQUIRED") == "1":
		t.Fatal(reason())
	default:
		t.Skip(reason())
	}
}

func reason() error {
	if refused != nil {
		return refused
	}
	if err := Available(); err != nil {
		return err
	}
	return errOutside
}
