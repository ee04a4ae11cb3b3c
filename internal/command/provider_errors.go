package command

import (
	"errors"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner"
)

// isProvider says that a provider, not a host, is what failed. An answer about one host that breaks the contract is that
// host's trouble: what it says may be what broke it, and one host must not stop its tenant.
func isProvider(err error) bool {
	return errors.Is(err, runner.ErrProvider) || errors.Is(err, providers.ErrCrashed)
}

// unwrapProvider finds the diagnostic in a provider's error, or makes it one.
func unwrapProvider(err error) error {
	var d diag.Diagnostic
	if errors.As(err, &d) {
		return d
	}
	return diag.New(diag.ProviderCrashed, "%v", err).WithFix("scan again, which also settles what is in doubt; if it stays, report it to the provider's author")
}

// scanFailed is a scan without a result: never "nothing missing".
func scanFailed(host string, err error) error {
	return diag.New(diag.ScanFailed, "%s could not be fully scanned: %s", host, untrusted.Line(err.Error(), 500)).
		WithFix("mend what it names and scan again; until then nothing is known of this host")
}
