package diag

import (
	_ "embed" // the codes
	"regexp"
	"sync"
)

// source is the file in which each code stands with its meaning behind it: written down once, the meanings cannot
// drift from the codes.
//
//go:embed codes.go
var source string

var declaration = regexp.MustCompile(`(?m)^\t(\w+)\s+Code = "(RF\d{4})" // (.+)$`)

// Meaning is what a code stands for.
type Meaning struct {
	Code Code
	Name string // of the constant
	Text string // what the mistake is, as part of a sentence; it begins with the severity where that is not error
}

// Meanings lists every code in the order of the file. The slice is shared: do not write to it.
var Meanings = sync.OnceValue(func() []Meaning {
	var out []Meaning
	for _, m := range declaration.FindAllStringSubmatch(source, -1) {
		out = append(out, Meaning{Code: Code(m[2]), Name: m[1], Text: m[3]})
	}
	return out
})
