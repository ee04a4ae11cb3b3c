// Command write writes a policy repository of many tenants into a folder that must not exist yet.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/ringfence/ringfence/internal/genrepo"
)

func main() { os.Exit(write(os.Args[1:], os.Stderr)) }

// write returns the exit code: 64 for arguments that it does not know.
func write(args []string, stderr io.Writer) int {
	f := flag.NewFlagSet("write", flag.ContinueOnError)
	f.SetOutput(stderr)
	tenants := f.Int("tenants", 2000, "how many `TENANTS`")
	if f.Parse(args) != nil {
		return 64
	}
	if f.NArg() != 1 || *tenants < 1 {
		fmt.Fprintln(stderr, "usage: write [-tenants N] DIR")
		return 64
	}
	dir := f.Arg(0)
	if _, err := os.Lstat(dir); err == nil {
		fmt.Fprintln(stderr, "error:", dir, "is there already")
		return 1
	}
	if err := os.CopyFS(dir, genrepo.Tree(*tenants)); err != nil {
		fmt.Fprintln(stderr, "error:", err)
		return 1
	}
	return 0
}
