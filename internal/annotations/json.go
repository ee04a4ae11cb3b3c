package annotations

import (
	"encoding/json"
	"io"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/canonical"
)

// Document is what JSON writes.
type Document struct {
	APIVersion  string    `json:"apiVersion"`
	Kind        string    `json:"kind"`
	Diagnostics diag.List `json:"diagnostics"`
	Compiled    []string  `json:"compiled"` // tenants that can be planned
}

// JSON writes one document with the diagnostics as they are; columns count bytes.
func JSON(w io.Writer, list diag.List, compiled []string) error {
	d := Document{APIVersion: canonical.APIVersion, Kind: "Diagnostics", Diagnostics: list, Compiled: compiled}
	if list == nil {
		d.Diagnostics = diag.List{}
	}
	if compiled == nil {
		d.Compiled = []string{}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
