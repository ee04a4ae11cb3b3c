package runner

import (
	"github.com/package-url/packageurl-go"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/providers"
)

// Targets are the packages of a change. The purls come from a snapshot that was validated, so they parse.
func Targets(updates []plan.ChangeUpdate) []providers.Target {
	out := make([]providers.Target, 0, len(updates))
	for _, u := range updates {
		out = append(out, target(u))
	}
	return out
}

// target reads a package out of an update's purl. A purl that does not parse yields a target without a name, which
// every provider refuses.
func target(u plan.ChangeUpdate) providers.Target {
	p, err := packageurl.FromString(u.Update)
	if err != nil {
		return providers.Target{PURL: u.Update, From: u.From}
	}
	return providers.Target{PURL: u.Update, Name: p.Name, Arch: p.Qualifiers.Map()["arch"], From: u.From, To: p.Version}
}
