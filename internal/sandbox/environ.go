package sandbox

import (
	"os"
	"runtime"
	"strconv"
)

// environ is what a child has of an environment. The collector's setting counts before main does: a fifth of a child's
// start would be collections. Windows starts nothing without SystemRoot.
func environ() []string {
	out := []string{"GOGC=" + strconv.Itoa(gcPercent)}
	if v := os.Getenv("SystemRoot"); runtime.GOOS == "windows" && v != "" {
		out = append(out, "SystemRoot="+v)
	}
	return out
}
