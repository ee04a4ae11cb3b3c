package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	script "github.com/ringfence/ringfence/docs/verify"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/runner/ledger/branch"
	"github.com/ringfence/ringfence/runner/ledger/verify"
)

// aboutBranch is what a clone of a bundle checks out: what it is, who signed it, and a program that verifies it.
const aboutBranch = "about"

type bundleFlags struct{ tenant, period, out string }

func newBundle(a *app) *cobra.Command {
	var f bundleFlags
	c := &cobra.Command{
		Use:   "bundle",
		Short: "Write a tenant's ledger up to the end of a period into one file for an auditor",
		Long: `Writes a file that git clone understands. It holds the tenant's whole chain of records up to the period's end and
nothing of any other tenant, with a README, the keys that signed it, and a second verifier that needs only Python.

  ringfence bundle --tenant acme --period 2026-Q3 -out acme-2026-Q3.bundle
  ringfence verify --bundle acme-2026-Q3.bundle`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.bundle(c.Context(), f) },
	}
	c.Flags().StringVar(&f.tenant, "tenant", "", "the `TENANT` (default: the only one)")
	c.Flags().StringVar(&f.period, "period", "", "end with the last record of `PERIOD`: 2026, 2026-Q3 or 2026-09 (default: with the newest)")
	c.Flags().StringVar(&f.out, "out", "", "write to `FILE` (default: TENANT-PERIOD.bundle)")
	return c
}

func (a *app) bundle(ctx context.Context, f bundleFlags) error {
	end, err := periodEnd(f.period)
	if err != nil {
		return err
	}
	in, _, err := a.verified(ctx, verifyFlags{tenant: f.tenant})
	if err != nil {
		return err
	}
	last, err := a.lastBefore(ctx, in, end)
	if err != nil {
		return err
	}
	in.Head = last.Commit
	report, err := verify.Verify(ctx, in)
	if err != nil {
		return err
	}
	file := f.out
	if file == "" {
		file = strings.Trim(in.Tenant+"-"+f.period, "-") + ".bundle"
	}
	if err := writeBundle(ctx, in.Repo, join(a.Dir, file), report, last); err != nil {
		return notWritten(file, errors.New(a.asTyped(err, file)))
	}
	a.out.event("progress", event{"file": file, "head": report.Head, "records": report.Records}, "%s: %s, the last of %s; head %s",
		file, phrase.Count(report.Records, "record"), last.When.UTC().Format("2006-01-02 15:04Z"), report.Head)
	if !report.OK() {
		a.out.say("the ledger does not verify: ringfence verify --bundle %s", phrase.Word(file))
		return done(ExitDenied)
	}
	a.out.say("next: ringfence verify --bundle %s", phrase.Word(file))
	return nil
}

// lastBefore is the newest record of before an instant; the zero instant is the end of all time.
func (a *app) lastBefore(ctx context.Context, in verify.Input, end time.Time) (branch.LogEntry, error) {
	l := branch.Open(in.Repo, in.Tenant)
	head, err := l.Head(ctx)
	if err != nil {
		return branch.LogEntry{}, ledgerError(in.Tenant, err)
	}
	if head.Commit == "" {
		return branch.LogEntry{}, noLedger(in.Tenant)
	}
	for e, err := range l.Log(ctx, head, 0) {
		if err != nil {
			return e, ledgerError(in.Tenant, err)
		}
		if end.IsZero() || e.When.Before(end) {
			return e, nil
		}
	}
	return branch.LogEntry{}, diag.New(diag.NoSnapshot, "%s has no record in or before that period", in.Tenant).WithFix("see: ringfence log --tenant %s", in.Tenant)
}

// periodEnd is the first instant after a year, quarter or month, in UTC.
func periodEnd(period string) (time.Time, error) {
	if period == "" {
		return time.Time{}, nil
	}
	if year, quarter, ok := strings.Cut(period, "-Q"); ok && len(quarter) == 1 && quarter[0] >= '1' && quarter[0] <= '4' {
		if t, err := time.Parse("2006", year); err == nil {
			return t.AddDate(0, 3*int(quarter[0]-'0'), 0), nil
		}
	}
	if t, err := time.Parse("2006-01", period); err == nil {
		return t.AddDate(0, 1, 0), nil
	}
	if t, err := time.Parse("2006", period); err == nil {
		return t.AddDate(1, 0, 0), nil
	}
	return time.Time{}, diag.New(diag.Usage, "--period %q is no year, quarter or month", period).WithFix("write 2026, 2026-Q3 or 2026-09")
}

// writeBundle leaves the repository as it is: the branches are made in one of their own.
func writeBundle(ctx context.Context, repo *gitrepo.Repo, file string, r *verify.Report, last branch.LogEntry) error {
	d, err := repo.Draft(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	var signers strings.Builder
	for _, s := range r.Signers {
		signers.WriteString(s.Line + "\n")
	}
	about, err := d.Commit(ctx, gitrepo.CommitSpec{
		Files: map[string][]byte{
			"README.md": []byte(aboutBundle(r, last)), "allowed_signers": []byte(signers.String()), "verify.py": script.Script,
		},
		Message: r.Tenant + ": what this bundle is\n", AuthorName: gitrepo.DefaultName, AuthorEmail: gitrepo.DefaultEmail, When: last.When,
	})
	if err != nil {
		return err
	}
	branch := "ringfence/ledger/" + r.Tenant
	return d.Bundle(ctx, file, []string{aboutBranch, branch}, map[string]string{aboutBranch: about, branch: r.Head})
}

func aboutBundle(r *verify.Report, last branch.LogEntry) string {
	keys := "Nobody signed these records.\n"
	if len(r.Signers) > 0 {
		keys = "Signed by:\n\n"
	}
	for _, s := range r.Signers {
		keys += fmt.Sprintf("- `%s`, %s, %s\n", s.Fingerprint, s.Principal, phrase.Count(s.Records, "record"))
	}
	return fmt.Sprintf(`# The patch ledger of %[1]s

%[2]s, the last of %[3]s: record %[4]d, commit %[5]s.
Each record is a commit of branch ringfence/ledger/%[1]s; read them with git log -p origin/ringfence/ledger/%[1]s.

%[6]s
allowed_signers lists these keys as the policy had them. It came with this file, so it says who signed, not whom to
trust: compare the fingerprints with ones that you have from elsewhere.

## Verify

Offline, with Python, git and ssh-keygen:

    python3 verify.py --tenant %[1]s --allowed-signers allowed_signers --head %[5]s

With Ringfence, which also makes every plan again from the recorded inputs:

    ringfence verify --bundle FILE --head %[5]s

Keep that commit. With next period's file, --head shows that nothing of this one was taken back.
`, r.Tenant, phrase.Count(r.Records, "record"), last.When.UTC().Format(time.RFC3339), last.Seq, r.Head, keys)
}
