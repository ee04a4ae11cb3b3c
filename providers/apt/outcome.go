package apt

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
)

const maxLog = 8 << 10

// settle reads from the host what became of the installation.
func (tx transaction) settle(ctx context.Context, x providers.Exec, out providers.Output, allowed []providers.Action) providers.Result {
	if neverStarted(out) {
		r := untouched("apt: another package manager holds the lock: %s", complaint(out))
		r.Log = logOf(out)
		return r
	}
	after, err := readState(ctx, x)
	if err != nil {
		return inDoubt(out, "apt: apt-get exited with %d, but the host could not be read again: %v", out.ExitCode, err)
	}
	_, why, err := rebootPending(ctx, x, after.db)
	if err != nil {
		return inDoubt(out, "apt: apt-get exited with %d, but the host could not be read again: %v", out.ExitCode, err)
	}
	r := tx.judge(after, out, allowed)
	r.Reboot = providers.RebootNeed{Required: len(why) > 0, Why: untrusted.Line(brief(why), maxReason)}
	return r
}

// judge compares the host before and after.
func (tx transaction) judge(after state, out providers.Output, allowed []providers.Action) providers.Result {
	r := providers.Result{State: providers.Partial, Actions: tx.made(after.db, out, allowed), Log: logOf(out)}
	var wrong []string
	for _, a := range r.Actions {
		if !tx.state.db.within(a, allowed) {
			wrong = append(wrong, "beyond the plan: "+words(a))
		}
	}
	wrong = append(wrong, after.problems()...)
	for _, t := range tx.targets {
		name := after.db.display(t.Name, t.Arch)
		if at := after.db.pkgs[name].version; at != t.To {
			wrong = append(wrong, fmt.Sprintf("%s is at %s, not %s", name, orNone(at), t.To))
		}
	}
	switch {
	case len(wrong) == 0:
		r.State = providers.Done
		if out.ExitCode != 0 {
			r.Reason = sentence("apt: everything is installed, but apt-get exited with %d: %s", out.ExitCode, complaint(out))
		}
		return r
	case len(r.Actions) == 0 && len(after.problems()) == 0:
		r.State = providers.Untouched
		r.Reason = sentence("apt: nothing was installed: apt-get exited with %d: %s", out.ExitCode, complaint(out))
		return r
	}
	r.Reason = sentence("apt: %s (exit code %d: %s)", brief(wrong), out.ExitCode, complaint(out))
	return r
}

// made is the difference between the host before and after, as far as it is ours: allowed, or named in apt-get's
// output. Another package manager may have worked while apt-get waited for the lock.
func (tx transaction) made(after database, out providers.Output, allowed []providers.Action) []providers.Action {
	ours := tx.touched(out)
	for _, a := range allowed {
		ours[after.display(a.Name, a.Arch)] = true
	}
	var list []providers.Action
	for name := range ours {
		before, now := tx.state.db.pkgs[name], after.pkgs[name]
		if before.version != now.version {
			list = append(list, difference(before, now))
		}
	}
	return sortActions(list)
}

func difference(before, now pkg) providers.Action {
	a := providers.Action{Op: providers.Upgrade, Name: now.name, Arch: now.arch, From: before.version, To: now.version}
	switch order, err := compareVersions(now.version, before.version); {
	case before.version == "":
		a.Op = providers.Install
	case now.version == "":
		a = providers.Action{Op: providers.Remove, Name: before.name, Arch: before.arch, From: before.version}
	case err == nil && order < 0:
		a.Op = providers.Downgrade
	}
	return a
}

var dpkgLine = lazyregexp.New(`(?m)^(?:Unpacking|Setting up|Removing) (` + namePart + `) \(`)

// touched returns the packages that dpkg says it worked on. A package's own scripts could print such lines too, which
// makes a result worse, never better.
func (tx transaction) touched(out providers.Output) map[string]bool {
	names := map[string]bool{}
	for _, m := range dpkgLine.FindAllSubmatch(out.Stdout, -1) {
		name, arch, _ := strings.Cut(string(m[1]), ":")
		names[tx.state.db.display(name, arch)] = true
	}
	return names
}

var lockFailure = lazyregexp.New(`(?m)^E: (?:Could not get lock|Unable to acquire the dpkg frontend lock|Unable to lock)`)

// neverStarted says that apt-get gave up waiting for dpkg's lock: whatever changed meanwhile is not ours.
func neverStarted(out providers.Output) bool {
	return out.ExitCode != 0 && lockFailure.Match(out.Stderr) && !dpkgLine.Match(out.Stdout)
}

// logOf is the end of what was printed, without what progress displays took back by a carriage return.
func logOf(out providers.Output) []byte {
	var all []byte
	for line := range bytes.Lines(slices.Concat(out.Stdout, out.Stderr)) {
		line = bytes.TrimRight(line, "\r\n")
		all = append(append(all, line[bytes.LastIndexByte(line, '\r')+1:]...), '\n')
	}
	return all[max(0, len(all)-maxLog):]
}
