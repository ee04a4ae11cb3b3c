// Command custom-provider is a whole provider in one small file: its package system is a folder of text files. Read
// flatfile.go first; docs/providers.md says how to build, pin and run it.
package main

import "github.com/ringfence/ringfence/providers/plugin"

func main() { plugin.Serve(&flatfile{}) }
