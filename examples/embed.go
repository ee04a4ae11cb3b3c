// Package examples carries what the demo lays over a fresh policy repository.
package examples

import (
	"embed"
	"io/fs"
)

//go:embed all:demo
var demo embed.FS

// Demo returns the simulated fleet of the demo: hosts files, test clocks, the fleet itself.
func Demo() fs.FS {
	sub, err := fs.Sub(demo, "demo")
	if err != nil {
		panic(err) // the folder's name is a constant
	}
	return sub
}
