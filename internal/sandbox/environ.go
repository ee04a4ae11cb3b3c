package sandbox

import (
	"os"
	"runtime"
)

// environ is what a child needs of the environment: Windows starts nothing without SystemRoot.
func environ() []string {
	if v := os.Getenv("SystemRoot"); runtime.GOOS == "windows" && v != "" {
		return []string{"SystemRoot=" + v}
	}
	return []string{}
}
