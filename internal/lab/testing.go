//go:build linux

package lab

import (
	"os"
	"slices"
	"strings"
)

// Runner is a *testing.M, or whatever else a TestMain runs.
type Runner interface{ Run() int }

// RunFunc is a function as a Runner.
type RunFunc func() int

// Run calls f.
func (f RunFunc) Run() int { return f() }

// Main is a TestMain for packages that use the lab: it runs m inside the namespaces, or, where the lab is not
// available, outside them, so that [Require] can say why. It does not return.
//
// A test binary that testscript starts under a command's name, without the flags of a test and perhaps without our
// environment, runs m right where it is: its parent was inside already.
func Main(m Runner) {
	if isTest(os.Args) {
		refused = Enter()
	}
	os.Exit(m.Run())
}

func isTest(args []string) bool {
	return strings.HasSuffix(args[0], ".test") ||
		slices.ContainsFunc(args[1:], func(a string) bool { return strings.HasPrefix(a, "-test.") })
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
