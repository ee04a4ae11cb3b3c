package apt

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
)

// Apply installs exactly the targets. It simulates first, and what the resolver wants beyond targets and closure, a
// hold, a downgrade, a version that is gone or a host that changed since the plan leaves the host untouched. What was
// done is read from dpkg afterwards, never from an exit code. Every outcome is a Result; a host that could not be reached,
// so that nothing was started, is an error that wraps providers.ErrUnreachable too.
func (*Provider) Apply(ctx context.Context, req providers.ChangeRequest, x providers.Exec) (providers.Result, error) {
	tx, err := prepare(ctx, x, req.Targets)
	if err == nil {
		err = tx.resolve(ctx, x)
	}
	if err != nil {
		return untouched("%v", err), unreachable(err)
	}
	if len(tx.targets) == 0 {
		return tx.settle(ctx, x, providers.Output{}, nil), nil
	}
	allowed := tx.allowed(req.Closure)
	if reason := tx.refuse(allowed); reason != "" {
		return untouched("%s", reason), nil
	}
	out, err := x.Run(ctx, tx.command(), map[string][]string{"pkgver": tx.pkgvers()})
	switch {
	case errors.Is(err, providers.ErrRefused), errors.Is(err, providers.ErrUnreachable):
		return untouched("apt: %v", err), unreachable(err)
	case err != nil:
		return inDoubt(out, "apt: the outcome of the installation is not known: %v", err), nil
	}
	return tx.settle(ctx, x, out, allowed), nil
}

func untouched(format string, args ...any) providers.Result {
	return providers.Result{State: providers.Untouched, Reason: sentence(format, args...)}
}

// unreachable keeps of an error only that nothing could be started.
func unreachable(err error) error {
	if errors.Is(err, providers.ErrUnreachable) {
		return err
	}
	return nil
}

func inDoubt(out providers.Output, format string, args ...any) providers.Result {
	return providers.Result{State: providers.InDoubt, Reason: sentence(format, args...), Log: logOf(out)}
}

func sentence(format string, args ...any) string {
	return untrusted.Line(fmt.Sprintf(format, args...), 2*maxReason)
}

// command is the variant of the installation that may remove packages only when the simulation, which was compared
// with the closure, removes some.
func (tx transaction) command() string {
	for _, c := range tx.sim.changes {
		if c.op == providers.Remove {
			return cmdInstallRemoving
		}
	}
	return cmdInstall
}

// allowed is what may happen: the targets, and what a preview saw beyond them.
func (tx transaction) allowed(closure []providers.Action) []providers.Action {
	var out []providers.Action
	for _, t := range tx.targets {
		op := providers.Upgrade
		if t.From == "" {
			op = providers.Install
		}
		out = append(out, providers.Action{Op: op, Name: t.Name, Arch: t.Arch, From: t.From, To: t.To})
	}
	return append(out, closure...)
}

// within says whether an action is one of the list. "all" and the native architecture are the same: a package may
// move between them. An action of the list without architecture speaks of all: they move together.
func (db database) within(a providers.Action, list []providers.Action) bool {
	return slices.ContainsFunc(list, func(b providers.Action) bool {
		same := b.Arch == "" && a.Name == b.Name || db.display(a.Name, a.Arch) == db.display(b.Name, b.Arch)
		return same && a.Op == b.Op && a.From == b.From && a.To == b.To
	})
}

// refuse says why the simulated changes must not be made, or nothing.
func (tx transaction) refuse(allowed []providers.Action) string {
	if held := tx.held(); len(held) > 0 {
		return "apt: held on the host: " + brief(held)
	}
	actions := tx.actions()
	var beyond []providers.Action
	for _, a := range actions {
		if !tx.state.db.within(a, allowed) {
			beyond = append(beyond, a)
		}
		if a.Op == providers.Downgrade {
			return "apt: downgrades are never made: " + words(a)
		}
	}
	if len(beyond) > 0 {
		return "apt: the host would do more than was planned: " + allWords(beyond)
	}
	for _, want := range allowed[:len(tx.targets)] {
		if !tx.state.db.within(want, actions) {
			return "apt: the host would not " + words(want)
		}
	}
	return ""
}
