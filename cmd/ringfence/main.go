// Command ringfence compiles patch policy from Git into plans and turns plans into a record.
package main

import (
	"os"

	"github.com/ringfence/ringfence/internal/command"
)

func main() { os.Exit(command.Main(os.Args[1:], command.System())) }
