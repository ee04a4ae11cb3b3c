package command

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner"
)

// instant is the --at flag: an RFC 3339 instant, or nothing for machine time.
type instant struct{ at *time.Time }

func (i *instant) String() string {
	if i.at == nil {
		return ""
	}
	return i.at.Format(time.RFC3339)
}

func (i *instant) Set(s string) error {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return fmt.Errorf("%q is no instant; write it like 2026-11-24T21:30:00Z or 2026-11-24T22:30:00+01:00", s)
	}
	i.at = canonical.InstantPtr(t)
	return nil
}

func (i *instant) Type() string { return "TIME" }

func (i *instant) flag(c *cobra.Command, usage string) { c.Flags().Var(i, "at", usage) }

// reading is the instant for verbs that write nothing: any is fine.
func (a *app) reading(i instant) time.Time {
	if i.at != nil {
		return *i.at
	}
	return canonical.Instant(a.Now())
}

// writing is the clock for verbs that write the ledger. Only a tenant that declares testClock takes another time than
// the machine's, because a record with a made-up time is worth nothing; such a clock runs on from where it is set. It
// begins with its first reading: what a slow machine takes until then must not put a scan after the plan of its instant.
func (a *app) writing(i instant, t *policy.Tenant) (runner.Clock, error) {
	if i.at == nil {
		return func() time.Time { return canonical.Instant(a.Now()) }, nil
	}
	if !t.TestClock {
		return nil, fail(ExitUsage, diag.New(diag.NoTestClock, "tenant %q does not declare testClock, so its records take machine time", t.Name).
			WithFix("leave out --at (and RINGFENCE_AT), or set testClock: true in a tenant made for trying things out"))
	}
	a.out.say("%s runs on its test clock from %s", t.Name, i.at.Format(time.RFC3339))
	return func() time.Time {
		began := a.started()
		return canonical.Instant(i.at.Add(a.Now().Sub(began)))
	}, nil
}
