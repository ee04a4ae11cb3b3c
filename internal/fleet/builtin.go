package fleet

import (
	"maps"
	"slices"

	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/providers/apt"
	"github.com/ringfence/ringfence/providers/sim"
)

// builtin are the providers of this binary. They run as plugin processes like anybody else's.
var builtin = map[string]func() providers.Provider{
	"apt": func() providers.Provider { return apt.New() },
	"sim": func() providers.Provider { return sim.New() },
}

// Names lists the built-in providers, sorted.
func Names() []string { return slices.Sorted(maps.Keys(builtin)) }

// Make returns a built-in provider to serve, or nil.
func Make(name string) providers.Provider {
	if f := builtin[name]; f != nil {
		return f()
	}
	return nil
}
