// Package apt scans and patches hosts that use apt and dpkg: Debian, Ubuntu and their derivatives. It asks for a small
// allow-list of commands (see commands.go), believes an answer only when it saw all of it, and never lets apt install
// what apt did not verify.
//
// What it relies on was measured with apt 2.6; apt older than 2.1 lacks --error-on=any and is refused by its own
// error, because its refresh calls an unreachable mirror a success.
package apt

import (
	"context"
	"time"

	"github.com/ringfence/ringfence/providers"
)

// Provider is the apt provider. The zero value is ready; it keeps no state between calls.
type Provider struct {
	now func() time.Time // nil: the machine's clock, with which hosts' clocks are compared
}

var (
	_ providers.Provider = (*Provider)(nil)
	_ providers.Rebooter = (*Provider)(nil)
	_ providers.Examiner = (*Provider)(nil)
)

// New returns the apt provider; it implements providers.Rebooter and providers.Examiner too.
func New() *Provider { return &Provider{} }

// Describe returns the allow-list.
func (*Provider) Describe(context.Context) (providers.Description, error) {
	return providers.Description{
		Name:       "apt",
		Version:    "0.2.0",
		Connection: providers.ConnectHost,
		Commands:   commands(),
		CanReboot:  true,
	}, nil
}
