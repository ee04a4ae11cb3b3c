package command

import (
	"context"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/deviation"
)

// showDeviations prints in what tenants differ from the definitions that they share. A tenant that does not compile has
// no policy to compare, and an error: to leave it out silently would make the list look complete.
func (a *app) showDeviations(ctx context.Context, f showFlags) error {
	ws, err := a.soundFolder(ctx, f.rev)
	if err != nil {
		return err
	}
	options := a.compiling()
	traits, list := compiler.TraitsOf(ctx, ws.tree, options, names(ws.set))
	if list.HasErrors() {
		a.out.diagnostics(list, ws.tree)
		return done(ExitError)
	}
	r := deviation.Of(ws.set, traits)
	if a.json {
		a.out.emit("progress", "deviations", event{"deviations": r})
		return nil
	}
	return documentWriters[f.format](a.Stdout, r)
}
