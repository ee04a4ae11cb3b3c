// Command write writes a policy repository of many tenants into a folder that must not exist yet.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/ringfence/ringfence/internal/genrepo"
)

func main() {
	tenants := flag.Int("tenants", 2000, "how many `TENANTS`")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: write [-tenants N] DIR")
		os.Exit(64)
	}
	if _, err := os.Lstat(flag.Arg(0)); err == nil {
		fmt.Fprintln(os.Stderr, "error:", flag.Arg(0), "is there already")
		os.Exit(1)
	}
	if err := os.CopyFS(flag.Arg(0), genrepo.Tree(*tenants)); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
