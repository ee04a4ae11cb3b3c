package plugin

import (
	"strings"

	"github.com/ringfence/ringfence/providers"
	providerv1 "github.com/ringfence/ringfence/providers/proto/v1"
)

var (
	ops    = []string{string(providers.Upgrade), string(providers.Install), string(providers.Remove), string(providers.Downgrade)}
	states = []string{string(providers.Untouched), string(providers.Partial), string(providers.Done), string(providers.InDoubt)}
)

func changeToWire(r providers.ChangeRequest, call uint64) *providerv1.ChangeRequest {
	return &providerv1.ChangeRequest{
		Call: call, ActionId: text(r.ActionID), Host: hostToWire(r.Host), At: instantToWire(r.At),
		Targets: convert(r.Targets, targetToWire), Closure: convert(r.Closure, actionToWire),
	}
}

func changeFromWire(w *providerv1.ChangeRequest) (providers.ChangeRequest, error) {
	at, err := instantFromWire(w.GetAt())
	if err != nil {
		return providers.ChangeRequest{}, err
	}
	closure, err := convertErr(w.GetClosure(), actionFromWire)
	return providers.ChangeRequest{
		ActionID: w.GetActionId(), Host: hostFromWire(w.GetHost()), At: at,
		Targets: convert(w.GetTargets(), targetFromWire), Closure: closure,
	}, err
}

func targetToWire(t providers.Target) *providerv1.Target {
	return &providerv1.Target{Purl: text(t.PURL), Name: text(t.Name), Arch: text(t.Arch), From: text(t.From), To: text(t.To)}
}

func targetFromWire(t *providerv1.Target) providers.Target {
	return providers.Target{PURL: t.GetPurl(), Name: t.GetName(), Arch: t.GetArch(), From: t.GetFrom(), To: t.GetTo()}
}

func actionToWire(a providers.Action) *providerv1.Action {
	return &providerv1.Action{Op: text(string(a.Op)), Name: text(a.Name), Arch: text(a.Arch), From: text(a.From), To: text(a.To)}
}

func actionFromWire(a *providerv1.Action) (providers.Action, error) {
	out := providers.Action{Op: providers.Op(a.GetOp()), Name: a.GetName(), Arch: a.GetArch(), From: a.GetFrom(), To: a.GetTo()}
	return out, oneOf("operation", a.GetOp(), ops)
}

func rebootToWire(r providers.RebootNeed) *providerv1.RebootNeed {
	return &providerv1.RebootNeed{Required: r.Required, Why: text(r.Why)}
}

func rebootFromWire(r *providerv1.RebootNeed) providers.RebootNeed {
	return providers.RebootNeed{Required: r.GetRequired(), Why: r.GetWhy()}
}

func previewToWire(p providers.Preview) *providerv1.PreviewAnswer {
	return &providerv1.PreviewAnswer{
		Actions: convert(p.Actions, actionToWire), Held: texts(p.Held), DownloadBytes: p.DownloadBytes,
		Restarts: texts(p.Restarts), Reboot: rebootToWire(p.Reboot),
	}
}

func previewFromWire(w *providerv1.PreviewAnswer) (providers.Preview, error) {
	actions, err := convertErr(w.GetActions(), actionFromWire)
	return providers.Preview{
		Actions: actions, Held: w.GetHeld(), DownloadBytes: w.GetDownloadBytes(),
		Restarts: w.GetRestarts(), Reboot: rebootFromWire(w.GetReboot()),
	}, err
}

func resultToWire(r providers.Result) *providerv1.Result {
	return &providerv1.Result{
		State: text(string(r.State)), Actions: convert(r.Actions, actionToWire), Reason: text(r.Reason),
		Log: pieces(end(r.Log)), Reboot: rebootToWire(r.Reboot),
	}
}

func resultFromWire(w *providerv1.Result) (providers.Result, error) {
	if err := oneOf("state of a host", w.GetState(), states); err != nil {
		return providers.Result{}, err
	}
	actions, err := convertErr(w.GetActions(), actionFromWire)
	reason := w.GetReason()
	return providers.Result{
		State: providers.HostState(w.GetState()), Actions: actions,
		Reason: strings.ToValidUTF8(reason[:min(len(reason), maxReason)], ""),
		Log:    end(join(w.GetLog())), Reboot: rebootFromWire(w.GetReboot()),
	}, err
}

// end keeps the end of a log, where a package manager says why it failed.
func end(log []byte) []byte { return log[max(0, len(log)-maxLog):] }

func descriptionToWire(d providers.Description) *providerv1.Description {
	return &providerv1.Description{
		Name: text(d.Name), Version: text(d.Version), Connection: text(string(d.Connection)), CanReboot: d.CanReboot,
		Commands: convert(d.Commands, func(c providers.Command) *providerv1.Command {
			return &providerv1.Command{Name: text(c.Name), Argv: texts(c.Argv), Root: c.Root, Mutates: c.Mutates}
		}),
	}
}

func descriptionFromWire(w *providerv1.Description) providers.Description {
	return providers.Description{
		Name: w.GetName(), Version: w.GetVersion(), Connection: providers.Connection(w.GetConnection()), CanReboot: w.GetCanReboot(),
		Commands: convert(w.GetCommands(), func(c *providerv1.Command) providers.Command {
			return providers.Command{Name: c.GetName(), Argv: c.GetArgv(), Root: c.GetRoot(), Mutates: c.GetMutates()}
		}),
	}
}

func argsToWire(args map[string][]string) map[string]*providerv1.Values {
	out := make(map[string]*providerv1.Values, len(args))
	for name, values := range args {
		out[name] = &providerv1.Values{Values: values}
	}
	return out
}

func argsFromWire(args map[string]*providerv1.Values) map[string][]string {
	out := make(map[string][]string, len(args))
	for name, values := range args {
		out[name] = values.GetValues()
	}
	return out
}

func outputToWire(o providers.Output) *providerv1.Output {
	return &providerv1.Output{
		Stdout: pieces(o.Stdout), Stderr: pieces(o.Stderr), ExitCode: int64(o.ExitCode), Truncated: o.Truncated,
	}
}

func outputFromWire(w *providerv1.Output) providers.Output {
	return providers.Output{
		Stdout: join(w.GetStdout()), Stderr: join(w.GetStderr()),
		ExitCode: int(w.GetExitCode()), Truncated: w.GetTruncated(),
	}
}
