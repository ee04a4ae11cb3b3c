package command

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

// settings is the one door to the repository's settings. Where the ledger is, who must sign and who lifts a halt stands
// in them, and no default of theirs is safe: with a mistake in them they are not known, and whoever asks must end with
// the error, before which the mistake was said.
func (a *app) settings(ws *workspace) (policy.Settings, error) {
	if set, known := ws.known(); known {
		return set, nil
	}
	a.out.diagnostics(ws.unsettled(), ws.tree)
	if ws.commit == "" {
		a.out.say("nothing was done: %s does not compile", repository.SettingsFile)
		return policy.Settings{}, done(ExitError)
	}
	a.out.say(`nothing was done: %s does not compile at commit %.12s, so nobody knows where the ledger is and who must sign
  correct and commit it, or act from a commit where it compiles: git worktree add --detach DIR COMMIT; ringfence -C DIR …`,
		repository.SettingsFile, ws.commit)
	return policy.Settings{}, done(ExitError)
}

// known are the settings, if they are known.
func (w *workspace) known() (policy.Settings, bool) {
	if w.set.Settings == nil {
		return policy.Settings{}, false
	}
	return *w.set.Settings, true
}

// shared is settings, and how they say that the ledger is shared.
func (a *app) shared(ws *workspace) (policy.Settings, remote.Options, error) {
	set, err := a.settings(ws)
	if err != nil {
		return set, remote.Options{}, err
	}
	share, err := a.shareOptions(ws, set)
	return set, share, err
}

// unsettled is why the settings are not known: what is wrong with their file, or else with what all tenants share.
func (w *workspace) unsettled() diag.List {
	for _, concerns := range []func(*diag.Range) bool{
		func(r *diag.Range) bool { return r != nil && r.File == repository.SettingsFile },
		func(r *diag.Range) bool { return r == nil || !strings.HasPrefix(r.File, repository.TenantsDir+"/") },
	} {
		list := slices.DeleteFunc(slices.Clone(w.list), func(d diag.Diagnostic) bool { return d.Severity != diag.Error || !concerns(d.Range) })
		if len(list) > 0 {
			return list
		}
	}
	return w.list
}

// noRemote is of a remote that ringfence.cue names and this clone does not have.
func noRemote(err error) diag.Diagnostic {
	return diag.New(diag.BadSettings, "ledger.remote in %s: %v", repository.SettingsFile, err).
		WithFix("see: git remote -v; add it: git remote add NAME URL, or correct %s", repository.SettingsFile)
}

// sharedSettings are those by which both sides' plans read the ledger: those of head, or of base where head has no
// tenant in question or its settings are not known.
func (d *diffSides) sharedSettings() (policy.Settings, error) {
	w := d.head
	_, head := d.head.known()
	if _, base := d.base.known(); !head && (base || len(w.list) == 0) {
		w = d.base
	}
	return d.settings(w)
}
