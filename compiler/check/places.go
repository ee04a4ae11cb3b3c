package check

import (
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
)

// Places says where in the repository each value of a policy stands, by its path of field names. It is kept beside
// the policy, not in it: a line number is no part of what a policy means.
type Places map[string]diag.Range

const separator = "\x1f" // no field name holds it

// Set notes where the value at path stands.
func (p Places) Set(r diag.Range, path ...string) { p[strings.Join(path, separator)] = r }

// Has reports whether Set was called for exactly this path.
func (p Places) Has(path ...string) bool {
	_, ok := p[strings.Join(path, separator)]
	return ok
}

// At returns where the value at path stands, or else the nearest value around it.
func (p Places) At(path ...string) diag.Range {
	for n := len(path); n >= 0; n-- {
		if r, ok := p[strings.Join(path[:n], separator)]; ok {
			return r
		}
	}
	return diag.Range{}
}
