package branch

import (
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
)

// Text is the text, without a signature, of the commit that Append writes for a record. A commit of the ledger has no
// other: who verifies one knows every byte of it but the subject and, where the record names none, the outcome.
func Text(tree, parent string, r ledger.Record, subject, outcome string) ([]byte, error) {
	return gitrepo.CommitText(tree, gitrepo.CommitSpec{
		Parent: parent, Message: message(r, Entry{Subject: subject, Outcome: outcome}),
		AuthorName: ledger.Author, AuthorEmail: ledger.AuthorEmail, When: r.At,
	})
}
