package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// SignFunc returns the armored signature of a commit's text.
type SignFunc func(payload []byte) (armored []byte, err error)

// CommitText is the commit object of a spec without a signature: what a signature is made of, and what git commit-tree
// would write.
func CommitText(tree string, spec CommitSpec) ([]byte, error) {
	if strings.ContainsAny(spec.AuthorName+spec.AuthorEmail, "<>\n\x00") || spec.AuthorName != strings.TrimSpace(spec.AuthorName) || spec.AuthorName == "" {
		return nil, fmt.Errorf("commit: %q <%q> is no author", spec.AuthorName, spec.AuthorEmail)
	}
	if strings.ContainsRune(spec.Message, 0) {
		return nil, errors.New("commit: the message contains a NUL byte")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "tree %s\n", tree)
	if spec.Parent != "" {
		fmt.Fprintf(&b, "parent %s\n", spec.Parent)
	}
	for _, who := range []string{"author", "committer"} {
		fmt.Fprintf(&b, "%s %s <%s> %d +0000\n", who, spec.AuthorName, spec.AuthorEmail, spec.When.Unix())
	}
	b.WriteString("\n" + spec.Message)
	return b.Bytes(), nil
}

func (r *Repo) writeCommit(ctx context.Context, tree string, spec CommitSpec) (string, error) {
	text, err := CommitText(tree, spec)
	if err != nil {
		return "", err
	}
	if spec.Sign != nil {
		armored, err := spec.Sign(text)
		if err != nil {
			return "", fmt.Errorf("commit: %w", err)
		}
		text = withSignature(text, armored)
	}
	c := r.call("hash-object", "-t", "commit", "-w", "--stdin")
	c.stdin = text
	return c.hash(ctx)
}

// signatureHeader carries a commit's signature; lines after the first begin with a space.
const signatureHeader = "gpgsig"

// withSignature adds the signature as the last header, where git puts it.
func withSignature(text, armored []byte) []byte {
	head, message, _ := bytes.Cut(text, []byte("\n\n"))
	lines := strings.ReplaceAll(strings.TrimSuffix(string(armored), "\n"), "\n", "\n ")
	return fmt.Appendf(nil, "%s\n%s %s\n\n%s", head, signatureHeader, lines, message)
}

// Signature returns a commit's text without its signature, and the signature, which is nil when the commit has none. A
// commit that carries more than one signature is an error: readers would not agree which one counts.
func (r *Repo) Signature(hash string) (payload, armored []byte, err error) {
	h, err := fullHash(hash)
	if err != nil {
		return nil, nil, err
	}
	raw, err := r.objects.read(h, plumbing.CommitObject, maxCommit)
	if err != nil {
		return nil, nil, err
	}
	payload, armored, err = splitSignature(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("commit %s: %w", hash, err)
	}
	return payload, armored, nil
}

// splitSignature undoes withSignature.
func splitSignature(raw []byte) (payload, armored []byte, err error) {
	head, message, ok := bytes.Cut(raw, []byte("\n\n"))
	if !ok {
		return nil, nil, fmt.Errorf("%w: it has no end of its header", ErrCorrupt)
	}
	var kept, signature []string
	in, found := false, 0
	for line := range strings.SplitSeq(string(head), "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch {
		case in && key == "" && line != "":
			signature = append(signature, line[1:])
			continue
		case key == signatureHeader:
			in, signature, found = true, []string{value}, found+1
			continue
		case strings.HasPrefix(key, signatureHeader):
			return nil, nil, fmt.Errorf("it has a signature of another kind, %.40q", key)
		}
		in, kept = false, append(kept, line)
	}
	if found > 1 {
		return nil, nil, errors.New("it has more than one signature")
	}
	payload = fmt.Appendf(nil, "%s\n\n%s", strings.Join(kept, "\n"), message)
	if found == 1 {
		armored = []byte(strings.Join(signature, "\n") + "\n")
	}
	return payload, armored, nil
}
