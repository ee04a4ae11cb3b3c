// Package sameseed makes property tests draw the same values at every run, so that a change is judged by what it
// changes and a failure comes back by itself. Tests that use rapid import it for that effect alone. To look further,
// make properties draws others; -rapid.seed takes any seed, and 0 a new one.
package sameseed

import (
	"flag"

	_ "pgregory.net/rapid" // its init defines the flag
)

func init() {
	if err := flag.Set("rapid.seed", "1"); err != nil {
		panic(err)
	}
}
