package command

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

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
no record, host or file of another tenant, with a README, the keys that signed it, and a second verifier that needs only
Python. Other tenants are named only where this tenant's own policy names them, in its gates: by ring, in numbers.

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
	within, err := periodOf(f.period)
	if err != nil {
		return err
	}
	in, _, err := a.verified(ctx, verifyFlags{tenant: f.tenant})
	if err != nil {
		return err
	}
	last, err := a.lastOf(ctx, in, within)
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
		file = in.Tenant + ".bundle"
		if within.name != "" {
			file = in.Tenant + "-" + within.name + ".bundle"
		}
	}
	if err := writeBundle(ctx, in, join(a.Dir, file), report, last); err != nil {
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

// bundledSigners is the bundle's own list of signers. Without it signatures are not judged, as they are not in a
// repository whose policy has none; an empty one says that nobody's count.
const bundledSigners = "allowed_signers"

// writeBundle leaves the repository as it is: the branches are made in one of their own.
func writeBundle(ctx context.Context, in verify.Input, file string, r *verify.Report, last branch.LogEntry) error {
	d, err := in.Repo.Draft(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	files := map[string][]byte{"README.md": []byte(aboutBundle(r, last, in.Signers != nil)), "verify.py": script.Script}
	if in.Signers != nil {
		var signers strings.Builder
		for _, s := range r.Signers {
			signers.WriteString(s.Line + "\n")
		}
		files[bundledSigners] = []byte(signers.String())
	}
	about, err := d.Commit(ctx, gitrepo.CommitSpec{
		Files: files, Message: r.Tenant + ": what this bundle is\n", AuthorName: gitrepo.DefaultName, AuthorEmail: gitrepo.DefaultEmail, When: last.When,
	})
	if err != nil {
		return err
	}
	branch := "ringfence/ledger/" + r.Tenant
	return writeOut(ctx, file, func(w io.Writer) error {
		return d.Bundle(ctx, w, []string{aboutBranch, branch}, map[string]string{aboutBranch: about, branch: r.Head})
	})
}
