package command

import (
	"context"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/deviation"
)

// showDeviations prints in what tenants differ from the definitions that they share. A tenant that does not compile has
// no policy to compare: its errors are told, the list says that it is missing, and the exit code that something is wrong.
func (a *app) showDeviations(ctx context.Context, f showFlags) error {
	ws, err := a.folderOr(ctx, f.rev)
	if err != nil {
		return err
	}
	if ws.list.HasErrors() {
		a.out.diagnostics(ws.list, ws.tree)
	}
	if ws.list.HasErrors() && len(ws.set.Tenants) == 0 {
		return done(ExitError)
	}
	options := a.compiling()
	traits, list := compiler.TraitsOf(ctx, ws.tree, options, names(ws.set))
	if list.HasErrors() {
		a.out.diagnostics(list, ws.tree)
		return done(ExitError)
	}
	r := deviation.Of(ws.set, traits)
	for _, name := range compiler.Tenants(ws.tree) {
		if ws.set.Tenant(name) == nil {
			r.Missing = append(r.Missing, name)
		}
	}
	if a.json {
		a.out.emit("progress", "deviations", event{"deviations": r})
	} else if err := documentWriters[f.format](a.Stdout, r); err != nil {
		return err
	}
	if ws.list.HasErrors() {
		return done(ExitError)
	}
	return nil
}
