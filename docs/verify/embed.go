// Package verify carries the second verifier, a Python script, so that it can travel with what it verifies.
package verify

import _ "embed"

// Script is verify.py.
//
//go:embed verify.py
var Script []byte
