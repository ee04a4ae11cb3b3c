package simulator

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets the heap grow before it is cleared up: worlds are small, and most of the time would go there.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}
