package command

import (
	"fmt"
	"time"

	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/runner/ledger/branch"
	"github.com/ringfence/ringfence/runner/ledger/verify"
)

// aboutBundle is the README that a clone of a bundle shows; listed says that the policy has a list of allowed signers.
func aboutBundle(r *verify.Report, last branch.LogEntry, listed bool) string {
	option := ""
	if listed {
		option = " --allowed-signers " + bundledSigners
	}
	return fmt.Sprintf(`# The patch ledger of %[1]s

%[2]s, the last of %[3]s: record %[4]d, commit %[5]s.
Each record is a commit of branch ringfence/ledger/%[1]s; read them with git log -p origin/ringfence/ledger/%[1]s.
Other tenants are named where the policy of %[1]s names them, to go by how updates fared there: with numbers, never with hosts.

%[6]s
## Verify

Offline, with Python, git and ssh-keygen:

    python3 verify.py --tenant %[1]s%[7]s --head %[5]s

With Ringfence, which also makes every plan again from the recorded inputs:

    ringfence verify --bundle FILE --head %[5]s

Keep that commit. With next period's file, --head shows that nothing of this one was taken back.
`, r.Tenant, phrase.Count(r.Records, "record"), last.When.UTC().Format(time.RFC3339), last.Seq, r.Head, whoSigned(r, listed), option)
}

// whoSigned says what signatures the records have and what they are worth.
func whoSigned(r *verify.Report, listed bool) string {
	switch {
	case r.WithSignature == 0 && !listed:
		return "Nobody signed these records, and the policy does not say who must.\n"
	case !listed:
		return fmt.Sprintf(`Records with a signature: %d. The policy has no list of whose signatures count, trust/allowed_signers, so there is none
here, and nobody judged them.
`, r.WithSignature)
	case r.WithSignature == 0:
		return "Nobody signed these records, though the policy says whose signatures count: they do not verify.\n"
	case len(r.Signers) == 0:
		return fmt.Sprintf("Records with a signature: %d, none by a key that the policy allows: they do not verify.\n", r.WithSignature)
	}
	keys := "Signed by:\n\n"
	for _, s := range r.Signers {
		keys += fmt.Sprintf("- `%s`, %s, %s\n", s.Fingerprint, s.Principal, phrase.Count(s.Records, "record"))
	}
	return keys + `
allowed_signers lists these keys as the policy had them. It came with this file, so it says who signed, not whom to
trust: compare the fingerprints with ones that you have from elsewhere.
`
}
