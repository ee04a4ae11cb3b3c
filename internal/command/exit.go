package command

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/compiler/diag"
)

// The exit codes. They are contract: scripts and CI branch on them.
const (
	ExitOK          = 0
	ExitError       = 1
	ExitChanges     = 2
	ExitDenied      = 3
	ExitApproval    = 4
	ExitNothingDue  = 5
	ExitStale       = 6
	ExitLease       = 7
	ExitUnfinished  = 8
	ExitStopped     = 9
	ExitProvider    = 10
	ExitUsage       = 64
	ExitInterrupted = 130
	ExitTerminated  = 143
)

// reasons are the words of the result event.
var reasons = map[int]string{
	ExitOK: "ok", ExitError: "error", ExitChanges: "changes", ExitDenied: "denied", ExitApproval: "approval",
	ExitNothingDue: "window", ExitStale: "stale", ExitLease: "lease", ExitUnfinished: "partial", ExitStopped: "halted",
	ExitProvider: "provider", ExitUsage: "usage", ExitInterrupted: "interrupted", ExitTerminated: "interrupted",
}

// exit is an error that knows its exit code. A nil err says nothing more: the verb has said it.
type exit struct {
	code int
	err  error
}

func (x *exit) Error() string {
	if x.err == nil {
		return fmt.Sprintf("exit %d", x.code)
	}
	return x.err.Error()
}

func (x *exit) Unwrap() error { return x.err }

// errSaid marks a failure whose words are out already.
var errSaid = errors.New("said")

// errRingStopped is errSaid of a run in which a ring reached stopAtFailures: it does not go on by itself.
var errRingStopped = fmt.Errorf("a ring was stopped: %w", errSaid)

// done ends a verb with a code after it said everything itself.
func done(code int) error {
	if code == ExitOK {
		return nil
	}
	return &exit{code, errSaid}
}

// failedOne says what went wrong with one of several, each in full unless it was said; the exit code is the first one's.
func (a *app) failedOne(failed, err error) error {
	if err == nil {
		return failed
	}
	x := exitOf(err)
	if !errors.Is(x.err, errSaid) {
		a.out.failure(x)
	}
	return cmp.Or(failed, done(x.code))
}

// fail ends a verb with a code and a diagnostic.
func fail(code int, d error) error { return &exit{code, d} }

// exitOf finds the code of any error. Diagnostics that name a provider or the command line have codes of their own.
func exitOf(err error) *exit {
	var x *exit
	switch {
	case err == nil:
		return &exit{code: ExitOK}
	case errors.As(err, &x):
		return x
	}
	var d diag.Diagnostic
	if errors.As(err, &d) {
		return &exit{codeOf(d.Code), err}
	}
	return &exit{ExitError, systemError(err)}
}

func codeOf(c diag.Code) int {
	switch c {
	case diag.ProviderMissing, diag.ProviderUntrusted, diag.ProviderNotPlugin, diag.ProviderCrashed:
		return ExitProvider
	case diag.Usage, diag.TenantNeeded:
		return ExitUsage
	case diag.PlanStale, diag.PolicyBack:
		return ExitStale
	}
	return ExitError
}
