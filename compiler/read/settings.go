package read

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/repository"
)

// Builtin lists the providers that need no entry in ringfence.cue.
var Builtin = []string{"apt", "sim"}

// Settings loads and reads the tool settings; known are the providers that hosts may name by them. Without a file, or where
// they are wrong, there are only those that are built in: a mistake in settings costs no tenant its policy.
func Settings(t *load.Tree) (out policy.Settings, known []string, list diag.List) {
	known = Builtin
	out.Providers = []policy.ProviderSettings{}
	defer func() {
		if p := recover(); p != nil {
			list = diag.List{gaveUp(repository.SettingsFile, p)}
		}
	}()
	if _, err := t.Stat(repository.SettingsFile); errors.Is(err, fs.ErrNotExist) {
		return out, known, nil
	}
	settings, ok := plainSettings(t)
	if !ok {
		settings, list = loadSettings(t)
	}
	known = slices.Clone(known)
	for _, p := range settings.Providers {
		known = append(known, p.Name)
	}
	slices.Sort(known)
	return settings, slices.Compact(known), list
}

// plainSettings reads settings the short way. Only what CUE finds flawless counts: ok is false for anything else, and
// whatever there is to say of it is for loadSettings.
func plainSettings(t *load.Tree) (out policy.Settings, ok bool) {
	p, ok := t.LoadSettings()
	if !ok {
		return out, false
	}
	r := &reader{home: repository.SettingsFile}
	strict := r.root(p.Root.Unify(p.Definition("#Settings")), p)
	if strict.v.Validate(cue.Concrete(true)) != nil || len(r.silent(p)) > 0 {
		return out, false
	}
	out = strict.settings()
	return out, len(r.diags) == 0
}

// loadSettings reads any settings, or finds what is wrong with them.
func loadSettings(t *load.Tree) (policy.Settings, diag.List) {
	none := policy.Settings{Providers: []policy.ProviderSettings{}}
	p, list := t.Load(repository.SettingsFile)
	if len(list) > 0 {
		return none, list
	}
	r := &reader{home: repository.SettingsFile}
	lost := r.silent(p)
	s := subject{arg: repository.SettingsFile, definition: "#Settings"}
	strict := r.root(p.Value(s.path...).Unify(p.Definition(s.definition)), p)
	if failure := strict.v.Validate(cue.Concrete(true)); failure != nil {
		r.diagnose(loosen(t, s, r.home), s, strict, failure, func(n node) { n.settings() })
		return none, asSettings(append(r.withoutEcho(), lost...))
	}
	out := strict.settings()
	return out, asSettings(append(r.diags, lost...))
}

// asSettings keeps the codes that say what kind of mistake it is, and files the rest under the settings' own.
func asSettings(list diag.List) diag.List {
	for i := range list {
		if list[i].Code == diag.WrongValue {
			list[i].Code = diag.BadSettings
		}
	}
	return list
}

func (n node) settings() policy.Settings {
	return policy.Settings{
		Providers: each(n.get("providers"), node.provider), Ledger: n.get("ledger").ledger(),
		Control: n.get("control").control(),
		Breaker: policy.BreakerSettings{Hosts: n.get("breaker").get("hosts").integer(1, maxCount)},
	}
}

func (n node) ledger() policy.LedgerSettings {
	var out policy.LedgerSettings
	out.Remote = n.get("remote").str("the name of a Git remote")
	if signed := n.get("signed").boolean(); signed != nil {
		out.Signed, out.SignedAt = *signed, n.get("signed").source()
	}
	return out
}

func (n node) control() policy.ControlSettings {
	approvers := n.get("unhalt").get("approvers")
	out := policy.ControlSettings{Approvers: approvers.integer(1, maxCount)}
	if out.Approvers > 0 {
		out.Source = approvers.source()
	}
	return out
}

func (n node) provider() policy.ProviderSettings {
	p := policy.ProviderSettings{Name: n.label(), Path: n.get("path").matching(anyText, diag.WrongValue, "the path of a plugin's binary"), Source: n.source()}
	if p.Path == "" && !slices.Contains(Builtin, p.Name) && !n.has("path") {
		n.reportName(diag.New(diag.BadSettings, "the provider %q is not built in, and no path says which program it is", p.Name).
			WithFix("add path: %q; built in are %s", "/path/to/program", strings.Join(Builtin, ", ")))
	}
	for _, f := range n.get("config").fields() {
		if p.Config == nil {
			p.Config = map[string]string{}
		}
		p.Config[f.label()] = f.str("a string")
	}
	return p
}
