package apt

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/providers"
)

var goodTarget = providers.Target{Name: "lab-conffile", Arch: "all", From: "1.0", To: "1.1"}

// applying is a host on which lab-conffile 1.1 installs without trouble, at the moment of Apply.
func applying(t *testing.T) *player {
	p := play(t, loadRecording(t, "base"), loadRecording(t, "conffile"))
	p.phase = phaseApply
	return p
}

func apply(t *testing.T, p *player, closure []providers.Action, targets ...providers.Target) providers.Result {
	t.Helper()
	r, err := New().Apply(t.Context(), providers.ChangeRequest{ActionID: "a1", Targets: targets, Closure: closure}, p.exec)
	if err != nil && (!errors.Is(err, providers.ErrUnreachable) || r.State != providers.Untouched) {
		t.Fatal(r, err)
	}
	return r
}

func installs(p *player) int {
	n := 0
	for _, name := range asked(p) {
		if name == cmdInstall || name == cmdInstallRemoving {
			n++
		}
	}
	return n
}

// TestApplyOutcome holds that nothing but dpkg's word makes a result "done", and that what is not known is in doubt.
func TestApplyOutcome(t *testing.T) {
	const after = "lab-conffile\tall\t1.1\tii \t\n"
	fail := func(command string, err error) func(*player) {
		return func(p *player) { p.exec.Fail(command, nil, err) }
	}
	installSays := func(o providers.Output) func(*player) {
		return func(p *player) {
			p.exec.Do(cmdInstall, nil, func(context.Context, map[string][]string) (providers.Output, error) {
				p.phase = phaseAfter
				return o, nil
			})
		}
	}
	packages := func(now string) func(*player) {
		return func(p *player) {
			before := ""
			p.exec.Do(cmdPackages, nil, func(context.Context, map[string][]string) (providers.Output, error) {
				if p.phase == phaseAfter {
					return out(now), nil
				}
				before = "lab-conffile\tall\t1.0\tii \t\nlab-other\tall\t1.0\tii \t\n"
				return out(before), nil
			})
		}
	}
	both := func(fs ...func(*player)) func(*player) {
		return func(p *player) {
			for _, f := range fs {
				f(p)
			}
		}
	}
	tests := []struct {
		name   string
		change func(*player)
		state  providers.HostState
		reason string
	}{
		{"all is well", func(*player) {}, providers.Done, ""},
		{"the connection is lost", fail(cmdInstall, providers.ErrLost), providers.InDoubt, "not known"},
		{"the caller gives up", fail(cmdInstall, context.Canceled), providers.InDoubt, "not known"},
		{"the host is gone before", fail(cmdSimulateInstall, providers.ErrLost), providers.Untouched, "simulate-install"},
		{"the host is gone at the last moment", fail(cmdInstall, providers.ErrUnreachable), providers.Untouched, "cannot be reached"},
		{"the command is refused", fail(cmdInstall, providers.ErrRefused), providers.Untouched, "allow-list"},
		{
			"the host cannot be read again",
			both(packages(""), installSays(out("Setting up lab-conffile (1.1) ...\n"))),
			providers.InDoubt, "could not be read again",
		},
		{
			"exit code 0 and nothing done",
			both(packages("lab-conffile\tall\t1.0\tii \t\nlab-other\tall\t1.0\tii \t\n"), installSays(out(""))),
			providers.Untouched, "nothing was installed",
		},
		{
			"exit code 100 and all done",
			both(packages(after+"lab-other\tall\t1.0\tii \t\n"), installSays(providers.Output{ExitCode: 100, Stderr: []byte("E: Problem executing scripts DPkg::Post-Invoke\n")})),
			providers.Done, "Post-Invoke",
		},
		{
			"another package changed by us",
			both(packages(after+"lab-other\tall\t1.1\tii \t\n"), installSays(out("Setting up lab-other (1.1) ...\n"))),
			providers.Partial, "beyond the plan: upgrade lab-other from 1.0 to 1.1",
		},
		{
			"another package removed by us",
			both(packages(after), installSays(out("Removing lab-other (1.0) ...\n"))),
			providers.Partial, "beyond the plan: remove lab-other 1.0",
		},
		{
			"another package changed by somebody else",
			both(packages(after+"lab-other\tall\t1.1\tii \t\n"), installSays(out("Setting up lab-conffile (1.1) ...\n"))),
			providers.Done, "",
		},
		{
			"the target itself left unfinished at its version",
			both(packages("lab-conffile\tall\t1.0\tiF \t1.0\nlab-other\tall\t1.0\tii \t\n"), installSays(providers.Output{ExitCode: 100})),
			providers.Partial, "dpkg left lab-conffile 1.0 half-configured",
		},
		{
			"the resolver leaves the target out", func(p *player) {
				p.exec.On(cmdSimulateInstall, nil, out("0 upgraded, 0 newly installed, 0 to remove and 1 not upgraded.\n"))
			},
			providers.Untouched, "would not upgrade lab-conffile from 1.0 to 1.1",
		},
		{
			"verification was switched off since the scan",
			func(p *player) { p.exec.On(cmdConfig, nil, out("Dir \"/\";\nAPT::Get::AllowUnauthenticated \"1\";\n")) },
			providers.Untouched, "switched off",
		},
		{
			"an index is no longer verified",
			func(p *player) { p.exec.On(cmdIndexes, nil, out("no|http://x/||| http://x ./ Packages\n")) },
			providers.Untouched, "not signed",
		},
		{
			"another version than the target",
			both(packages("lab-conffile\tall\t1.2\tii \t\nlab-other\tall\t1.0\tii \t\n"), installSays(out(""))),
			providers.Partial, "lab-conffile is at 1.2, not 1.1",
		},
		{
			"another package left unfinished",
			both(packages(after+"lab-other\tall\t1.0\tiU \t\n"), installSays(out(""))),
			providers.Partial, "dpkg left lab-other 1.0 unpacked",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := applying(t)
			tt.change(p)
			r := apply(t, p, nil, goodTarget)
			if r.State != tt.state || !strings.Contains(r.Reason, tt.reason) || tt.reason == "" && r.Reason != "" {
				t.Errorf("%s, reason %q; want %s, %q", r.State, r.Reason, tt.state, tt.reason)
			}
			if n := installs(p); n > 1 {
				t.Errorf("installed %d times", n)
			}
		})
	}
}

// TestApplyRefuses holds that requests which apt-get could misread never reach it.
func TestApplyRefuses(t *testing.T) {
	tests := map[string][]providers.Target{
		"no target":         nil,
		"twice":             {goodTarget, goodTarget},
		"an option":         {{Name: "-oDpkg::Pre-Invoke=x", Arch: "all", From: "1.0", To: "1.1"}},
		"a removal":         {{Name: "lab-conffile-", Arch: "all", From: "1.0", To: "1.1"}},
		"a version's minus": {{Name: "lab-conffile", Arch: "all", From: "1.0", To: "1.1-"}},
		"a shell's":         {{Name: "lab-conffile", Arch: "all", From: "1.0", To: "1.1;reboot"}},
		"no version":        {{Name: "lab-conffile", Arch: "all", From: "1.0"}},
		"not installed":     {{Name: "lab-none", Arch: "all", From: "1.0", To: "1.1"}},
		"new, but there":    {{Name: "lab-conffile", Arch: "all", To: "1.1"}},
	}
	for name, targets := range tests {
		p := applying(t)
		if r := apply(t, p, nil, targets...); r.State != providers.Untouched || r.Reason == "" || installs(p) > 0 {
			t.Errorf("%s: %+v after %q", name, r, asked(p))
		}
	}
}

// TestClosureIsExact holds that a plan that names other versions or operations than the host would make is refused.
func TestClosureIsExact(t *testing.T) {
	newlib := providers.Action{Op: providers.Install, Name: "lab-newlib", Arch: "all", To: "1.1"}
	change := func(f func(*providers.Action)) []providers.Action {
		a := newlib
		f(&a)
		return []providers.Action{a}
	}
	tests := map[string]struct {
		closure []providers.Action
		state   providers.HostState
	}{
		"exact":                 {[]providers.Action{newlib}, providers.Done},
		"native instead of all": {change(func(a *providers.Action) { a.Arch = "amd64" }), providers.Done},
		"no architecture":       {change(func(a *providers.Action) { a.Arch = "" }), providers.Done},
		"more than happens":     {[]providers.Action{newlib, {Op: providers.Remove, Name: "lab-victim", Arch: "all", From: "1.0"}}, providers.Done},
		"another version":       {change(func(a *providers.Action) { a.To = "1.0" }), providers.Untouched},
		"another operation":     {change(func(a *providers.Action) { a.Op = providers.Upgrade }), providers.Untouched},
		"another architecture":  {change(func(a *providers.Action) { a.Arch = "i386" }), providers.Untouched},
		"another package":       {change(func(a *providers.Action) { a.Name = "lab-newlib2" }), providers.Untouched},
		"none":                  {nil, providers.Untouched},
	}
	for name, tt := range tests {
		p := play(t, loadRecording(t, "base"), loadRecording(t, "newdep-closure"))
		p.phase = phaseApply
		r := apply(t, p, tt.closure, providers.Target{Name: "lab-newdep", Arch: "all", From: "1.0", To: "1.1"})
		if r.State != tt.state {
			t.Errorf("%s: %s (%s), want %s", name, r.State, r.Reason, tt.state)
		}
	}
}

// TestRemovalNeedsItsOwnCommand holds that the command which may remove packages runs only for a plan that says so.
func TestRemovalNeedsItsOwnCommand(t *testing.T) {
	for name, want := range map[string]string{"remover-closure": cmdInstallRemoving, "newdep-closure": cmdInstall} {
		s := stories[slices.IndexFunc(stories, func(s story) bool { return s.name == name })]
		p := play(t, loadRecording(t, "base"), loadRecording(t, name))
		between := func(phase string) error { p.phase = phase; return nil }
		if _, err := (teller{s, p.exec, between}).tell(t.Context()); err != nil {
			t.Fatal(err)
		}
		if ran := asked(p); !slices.Contains(ran, want) || installs(p) != 1 {
			t.Errorf("%s ran %q", name, ran)
		}
	}
}

func TestLogIsBounded(t *testing.T) {
	p := applying(t)
	p.exec.Do(cmdInstall, nil, func(context.Context, map[string][]string) (providers.Output, error) {
		p.phase = phaseAfter
		return out(strings.Repeat("x", 3*maxLog) + "\r\n50%\r100%\rthe end\r\n"), nil
	})
	r := apply(t, p, nil, goodTarget)
	if len(r.Log) != maxLog || !strings.HasSuffix(string(r.Log), "xxx\nthe end\n") {
		t.Errorf("%d bytes, …%q", len(r.Log), r.Log[max(0, len(r.Log)-10):])
	}
}

// TestReasonIsOneSafeLine holds that a hostile repository's or package's words reach nobody's terminal as they are.
func TestReasonIsOneSafeLine(t *testing.T) {
	p := applying(t)
	p.exec.On(cmdSimulateInstall, nil, providers.Output{ExitCode: 100, Stderr: []byte("E: \x1b[31mrun\u202e this\nE: " + strings.Repeat("long ", 500))})
	r := apply(t, p, nil, goodTarget)
	if strings.ContainsAny(r.Reason, "\x1b\n\u202e") || len(r.Reason) > 4*2*maxReason {
		t.Errorf("%q", r.Reason)
	}
}
