package gitrepo

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/internal/signing"
)

// signer makes a key with ssh-keygen and a file in which it is the only allowed signer.
func signer(t *testing.T) (key *signing.Key, file, allowed string) {
	t.Helper()
	dir := t.TempDir()
	file, allowed = filepath.Join(dir, "key"), filepath.Join(dir, "allowed_signers")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %s", out)
	}
	key, err := signing.Open(file, "")
	if err != nil {
		t.Fatal(err)
	}
	line := `runner-1 namespaces="git",valid-before="20270101Z" ` + key.PublicKey() + "\n"
	if err := os.WriteFile(allowed, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	return key, file, allowed
}

func toSign(sign SignFunc) CommitSpec {
	return CommitSpec{
		Files: map[string][]byte{"state.json": []byte("{}\n"), "run/record.json": []byte("{}\n")}, Message: "a record\n\nRingfence-Seq: 1",
		AuthorName: "Ringfence", AuthorEmail: "ringfence@localhost", When: testTime, Sign: sign,
	}
}

func TestGitAcceptsOurSignature(t *testing.T) {
	key, _, allowed := signer(t)
	dir := folder(t, map[string]string{"a": "b"})
	r := open(t, dir)
	first := mustCommit(t, r, toSign(key.Sign))
	s := toSign(key.Sign)
	s.Parent, s.Keep = first, nil
	second := mustCommit(t, r, s)
	for _, h := range []string{first, second} {
		out := git(t, dir, "-c", "gpg.format=ssh", "-c", "gpg.ssh.allowedSignersFile="+allowed, "verify-commit", "-v", h)
		if !strings.Contains(out, `Good "git" signature for runner-1`) {
			t.Errorf("git says %s", out)
		}
	}
	git(t, dir, "update-ref", "refs/heads/signed", second)
	git(t, dir, "fsck", "--strict", "--full")
	if c, err := r.Header(second); err != nil || c.Subject != "a record" || len(c.Parents) != 1 || c.Parents[0] != first || !c.CommitTime.Equal(testTime) {
		t.Errorf("it reads as %+v, %v", c, err)
	}
	payload, armored, err := r.Signature(second)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := key.Sign(payload); err != nil || !bytes.Equal(again, armored) {
		t.Errorf("the payload is\n%s", payload)
	}
}

// TestThePayloadIsGitsCommit: without a signature our commit is what git commit-tree writes.
func TestThePayloadIsGitsCommit(t *testing.T) {
	key, _, _ := signer(t)
	dir := folder(t, map[string]string{"a": "b"})
	r := open(t, dir)
	for _, message := range []string{"one\n\nRingfence-Seq: 1\n", "no line break", "", "sträng\n\n\n"} {
		plain, signed := toSign(nil), toSign(key.Sign)
		plain.Message, signed.Message = message, message
		hash := mustCommit(t, r, plain)
		if theirs := commitTree(t, dir, hash, message); theirs != hash {
			t.Errorf("%q: git makes commit %s, we make %s", message, theirs, hash)
		}
		payload, armored, err := r.Signature(hash)
		if err != nil || armored != nil {
			t.Errorf("an unsigned commit has signature %q, %v", armored, err)
		}
		under, armored, err := r.Signature(mustCommit(t, r, signed))
		if err != nil || len(armored) == 0 || !bytes.Equal(under, payload) {
			t.Errorf("signed:\n%q\nunsigned:\n%q, %v", under, payload, err)
		}
	}
}

// commitTree has git commit the tree of a commit anew.
func commitTree(t *testing.T, dir, hash, message string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "message")
	if err := os.WriteFile(file, []byte(message), 0o600); err != nil {
		t.Fatal(err)
	}
	return git(t, dir, "-c", "user.name=Ringfence", "-c", "user.email=ringfence@localhost", "commit-tree", hash+"^{tree}", "-F", file)
}

func TestWeAcceptGitsSignature(t *testing.T) {
	key, file, allowed := signer(t)
	dir := folder(t, map[string]string{"a": "b"})
	git(t, dir, "-c", "gpg.format=ssh", "-c", "user.signingKey="+file, "commit", "-q", "-S", "--allow-empty", "-m", "signed by git")
	r := open(t, dir)
	payload, armored, err := r.Signature(head(t, r).Hash)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(allowed)
	if err != nil {
		t.Fatal(err)
	}
	signers, err := signing.ParseSigners(raw)
	if err != nil {
		t.Fatal(err)
	}
	if who, err := signers.Verify(payload, armored, testTime); err != nil || who.Fingerprint != key.Fingerprint() {
		t.Errorf("%+v, %v", who, err)
	}
}

func TestCommitsThatAreNotSigned(t *testing.T) {
	r := open(t, folder(t, map[string]string{"a": "b"}))
	bad := toSign(func([]byte) ([]byte, error) { return nil, fmt.Errorf("the agent is gone") })
	if _, err := r.Commit(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "the agent is gone") {
		t.Errorf("a signer that fails: %v", err)
	}
	for _, name := range []string{"", "a\nb", "a<b", " a"} {
		s := toSign(func([]byte) ([]byte, error) { return []byte("x\n"), nil })
		s.AuthorName = name
		if _, err := r.Commit(t.Context(), s); err == nil {
			t.Errorf("author %q was written", name)
		}
	}
}

func TestASecondSignatureIsRefused(t *testing.T) {
	text := []byte("tree x\nauthor a\ncommitter b\n\nm\n")
	once := withSignature(text, []byte("S1\nS2\n"))
	for name, raw := range map[string][]byte{
		"twice": withSignature(once, []byte("S3\n")), "of another kind": bytes.Replace(text, []byte("\n\n"), []byte("\ngpgsig-sha256 x\n\n"), 1),
		"no end": []byte("tree x\n"),
	} {
		if _, _, err := splitSignature(raw); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzSplitSignature(f *testing.F) {
	f.Add([]byte("tree x\nauthor a\ncommitter b\ngpgsig -----BEGIN\n abc\n -----END\n\nm\n"))
	f.Add([]byte("tree x\ngpgsig a\nencoding y\n z\n\n\n\nm"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		payload, armored, err := splitSignature(raw)
		if err != nil {
			return
		}
		if armored == nil {
			if !bytes.Equal(payload, raw) {
				t.Errorf("unsigned %q is read as %q", raw, payload)
			}
			return
		}
		again, sig, err := splitSignature(withSignature(payload, armored))
		if err != nil || !bytes.Equal(again, payload) || !bytes.Equal(sig, armored) {
			t.Errorf("%q, %q, %v is not\n%q, %q", again, sig, err, payload, armored)
		}
	})
}
