package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/signing"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/verify"
)

type verifyFlags struct{ tenant, bundle, signers, head string }

func newVerify(a *app) *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check a tenant's ledger from its history alone, offline",
		Long: `Looks at every record from the first: that it follows from the one before, who signed it, that policy never went back,
that states, snapshots and plans are what they say, and that whatever started was announced, planned, inside its window,
after its gate and within its budget. Plans are made again from the recorded inputs and compared.

  ringfence verify --tenant acme --head 3f2a91c0…             the ledger of this repository, with a record seen earlier
  ringfence verify --bundle acme-2026-Q3.bundle --root trusted_signers

Whose signatures count is what trust/allowed_signers says at HEAD, unless --root names another file. Keep the
head that it prints: only who has seen a later record can tell that a ledger was cut off.

Exit 0: nothing is wrong (remarks do not count); 3: findings.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.verify(c.Context(), f) },
	}
	c.Flags().StringVar(&f.tenant, "tenant", "", "the `TENANT` (default: the only one)")
	c.Flags().StringVar(&f.bundle, "bundle", "", "verify the ledger in `FILE`, which ringfence bundle wrote")
	c.Flags().StringVar(&f.signers, "root", "", "whose signatures count: a `FILE` in OpenSSH's format of allowed signers")
	c.Flags().StringVar(&f.signers, "allowed-signers", "", "the same as --root `FILE`")
	c.MarkFlagsMutuallyExclusive("root", "allowed-signers")
	c.Flags().StringVar(&f.head, "head", "", "the `RECORD` (full commit, or number) that was seen earlier and must be there")
	return c
}

func (a *app) verify(ctx context.Context, f verifyFlags) error {
	in, done, err := a.verified(ctx, f)
	if err != nil {
		return err
	}
	defer done()
	if in.Seen, err = seenRecord(f.head); err != nil {
		return err
	}
	if f.signers != "" {
		if in.Signers, err = a.signersFile(f.signers); err != nil {
			return err
		}
	}
	in.Decide = a.redecide
	report, err := verify.Verify(ctx, in)
	if errors.Is(err, verify.ErrNoLedger) {
		return noLedger(in.Tenant)
	}
	if err != nil {
		return err
	}
	return a.verdict(report)
}

func noLedger(tenant string) error {
	if !ledger.IsName(tenant) {
		return diag.New(diag.Usage, "no tenant can be called %.80q", tenant).WithFix("see the folders of tenants/")
	}
	return diag.New(diag.Usage, "%s has no ledger here", tenant).WithFix("fetch its branch: git fetch origin ringfence/ledger/%[1]s:ringfence/ledger/%[1]s", tenant)
}

// verified finds the ledger: in this repository, or in a bundle that is unpacked for a while.
func (a *app) verified(ctx context.Context, f verifyFlags) (in verify.Input, done func(), err error) {
	if f.bundle != "" {
		return a.bundled(ctx, f)
	}
	if f.tenant != "" && !ledger.IsName(f.tenant) {
		return in, nil, noLedger(f.tenant)
	}
	repo, err := a.openRepo(ctx)
	if err != nil {
		return in, nil, err
	}
	in = verify.Input{Repo: repo, Tenant: f.tenant, Policies: repo}
	if in.Tenant == "" {
		ws, err := a.at(ctx, "HEAD")
		if err != nil {
			return in, nil, err
		}
		t, err := a.tenant(ws, "")
		if err != nil {
			return in, nil, err
		}
		in.Tenant = t.Name
	}
	if f.signers == "" {
		in.Signers, err = trusted(repo)
	}
	return in, func() {}, err
}

// signersPath is where a policy repository, and a bundle, says whose signatures count.
const signersPath = "trust/allowed_signers"

const maxSigners = 1 << 20

// trusted reads the policy's own list; a policy without one leaves signatures unjudged.
func trusted(repo *gitrepo.Repo) (*signing.Signers, error) {
	head, err := repo.Resolve("HEAD")
	if err != nil {
		return nil, nil // a repository that holds nothing but ledgers
	}
	return signersAt(repo, head.Hash, signersPath)
}

func signersAt(repo *gitrepo.Repo, commit, name string) (*signing.Signers, error) {
	raw, err := repo.ReadFile(commit, name, maxSigners)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseSigners(name, raw)
}

func (a *app) signersFile(name string) (*signing.Signers, error) {
	raw, err := readAtMost(join(a.Dir, name), maxSigners+1)
	if err == nil && len(raw) > maxSigners {
		err = fmt.Errorf("it is larger than %d MiB", maxSigners>>20)
	}
	if err != nil {
		return nil, diag.New(diag.BadSigners, "%s cannot be read: %s", name, plainly(err)).WithFix("name a file that is there: --root FILE")
	}
	return parseSigners(name, raw)
}

func parseSigners(name string, raw []byte) (*signing.Signers, error) {
	s, err := signing.ParseSigners(raw)
	if err != nil {
		return nil, diag.New(diag.BadSigners, "%s: %v", name, err).WithFix("see ssh-keygen(1), ALLOWED SIGNERS")
	}
	return s, nil
}

var fullCommit = lazyregexp.New(`^[0-9a-f]{40}$`)

// seenRecord reads --head.
func seenRecord(head string) (*verify.Seen, error) {
	n, err := strconv.Atoi(head)
	switch {
	case head == "":
		return nil, nil
	case fullCommit.MatchString(head):
		return &verify.Seen{Commit: head}, nil
	case err == nil && n > 0:
		return &verify.Seen{Seq: n}, nil
	}
	return nil, diag.New(diag.Usage, "--head %q is neither a full commit nor a number", head).
		WithFix("give what verify or bundle printed as head, 40 digits, or the record's number; of a shorter name: git rev-parse COMMIT")
}

// verdict prints what was found.
func (a *app) verdict(r *verify.Report) error {
	if a.json {
		a.out.emit("verified", r.Tenant, event{"report": r})
	} else {
		for _, f := range r.Findings {
			fmt.Fprintln(a.Stdout, f)
		}
		a.verdictWords(r)
	}
	if !r.OK() {
		return done(ExitDenied)
	}
	return nil
}

func (a *app) verdictWords(r *verify.Report) {
	if r.More > 0 {
		fmt.Fprintf(a.Stdout, "and %d findings more\n", r.More)
	}
	for _, what := range r.NotJudged {
		a.out.say("not judged: %s", what)
	}
	for _, s := range r.Signers {
		a.out.say("signed by %s, %s: %s", s.Principal, s.Fingerprint, phrase.Count(s.Records, "record"))
	}
	word := "nothing is wrong"
	if !r.OK() {
		word = "it does not verify"
	}
	signed := fmt.Sprintf("%d of them signed", r.Signed)
	if n := r.WithSignature - r.Signed; n > 0 {
		signed += fmt.Sprintf(", %d more with a signature that does not count", n)
	}
	fmt.Fprintf(a.Stdout, "%s: %s, %s, %s, %d of them made again: %s\nhead %s\n",
		r.Tenant, phrase.Count(r.Records, "record"), signed, phrase.Count(r.Runs, "run"), r.Replayed, word, r.Head)
}
