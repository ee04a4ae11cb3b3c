// Package examples carries what the demo lays over a fresh policy repository.
package examples

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed all:demo
var demo embed.FS

// Demo returns the simulated fleet of the demo, by path: hosts files, test clocks, the fleet itself.
func Demo() map[string][]byte {
	out := map[string][]byte{}
	err := fs.WalkDir(demo, "demo", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out[strings.TrimPrefix(path, "demo/")], err = demo.ReadFile(path)
		return err
	})
	if err != nil {
		panic(err) // an embedded tree cannot fail to read
	}
	return out
}
