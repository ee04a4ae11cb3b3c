package command

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger/verify"
)

// bundled unpacks a bundle. Its own list of signers counts unless another is named: it says who signed, not whom to trust.
func (a *app) bundled(ctx context.Context, f verifyFlags) (in verify.Input, done func(), err error) {
	if err := looksLikeBundle(join(a.Dir, f.bundle)); err != nil {
		return in, nil, notBundle(f.bundle, plainly(err))
	}
	dir, err := os.MkdirTemp("", "ringfence-verify-")
	if err != nil {
		return in, nil, err
	}
	done = func() { os.RemoveAll(dir) }
	repo, refs, err := gitrepo.OpenBundle(ctx, join(a.Dir, f.bundle), dir)
	if err != nil {
		err = notBundle(f.bundle, a.asTyped(err, f.bundle))
	} else {
		in, err = a.ofBundle(repo, refs, f)
	}
	if err != nil {
		done()
		return in, nil, err
	}
	return in, done, nil
}

func notBundle(name, why string) error {
	return diag.New(diag.LedgerBroken, "%s is no bundle that can be read: %s", name, why).WithFix("name a file that ringfence bundle wrote, and fetch it again if it was cut")
}

// looksLikeBundle looks at how a file begins: git would read one that never ends for ever.
func looksLikeBundle(file string) error {
	begins, err := readAtMost(file, 16)
	if err == nil && !strings.HasPrefix(string(begins), "# v2 git bundle") && !strings.HasPrefix(string(begins), "# v3 git bundle") {
		err = errors.New("it does not begin as one")
	}
	return err
}

const ledgerBranch = "refs/heads/ringfence/ledger/"

func (a *app) ofBundle(repo *gitrepo.Repo, refs map[string]string, f verifyFlags) (verify.Input, error) {
	in := verify.Input{Repo: repo, Tenant: f.tenant}
	var tenants []string
	for ref := range refs {
		if name, ok := strings.CutPrefix(ref, ledgerBranch); ok {
			tenants = append(tenants, name)
		}
	}
	slices.Sort(tenants)
	if in.Tenant == "" && len(tenants) == 1 {
		in.Tenant = tenants[0]
	}
	in.Head = refs[ledgerBranch+in.Tenant]
	switch {
	case len(tenants) == 0:
		return in, notBundle(f.bundle, "it has no ledger in it")
	case in.Tenant == "":
		return in, diag.New(diag.Usage, "the bundle has ledgers of: %s", strings.Join(tenants, ", ")).WithFix("name one: --tenant NAME")
	case in.Head == "":
		return in, diag.New(diag.Usage, "the bundle has no ledger of %.80q, only of: %s", in.Tenant, strings.Join(tenants, ", ")).WithFix("name one that it has, or leave --tenant out")
	}
	var err error
	if about := refs["refs/heads/"+aboutBranch]; f.signers == "" && about != "" {
		in.Signers, err = signersAt(repo, about, bundledSigners)
	}
	if in.Signers != nil {
		a.out.say("signatures are judged by the bundle's own list of signers; compare its fingerprints with ones you have from elsewhere, or name your list: --root FILE")
	}
	return in, err
}
