package branch

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/ringfence/ringfence/internal/gitrepo/gittest"
	"github.com/ringfence/ringfence/internal/signing"
	"github.com/ringfence/ringfence/runner/ledger/remote"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

func TestSignedRecords(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %s", out)
	}
	key, err := signing.Open(file, "")
	if err != nil {
		t.Fatal(err)
	}
	repo, dir := remotetest.Repository(t)
	h := mustAppend(t, OpenWith(repo, "acme", remote.Options{Sign: key.Sign}), mustAppend(t, Open(repo, "acme"), Head{}, note("a")), note("b"))
	l := Open(repo, "acme")
	if read := mustHead(t, l); !reflect.DeepEqual(read, h) || !read.Signed {
		t.Errorf("read back\n%+v, want\n%+v", read, h)
	}
	var signed []bool
	for e, err := range l.Log(t.Context(), h, 0) {
		if err != nil {
			t.Fatal(err)
		}
		signed = append(signed, e.Signed)
	}
	if !reflect.DeepEqual(signed, []bool{true, false}) {
		t.Errorf("signed, newest first: %v", signed)
	}
	gittest.Run(t, dir, "fsck", "--strict", "--full", "--no-dangling")
	payload, _, err := repo.Signature(h.Commit)
	if err != nil {
		t.Fatal(err)
	}
	c, err := repo.Header(h.Commit)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := Text(c.Tree, c.Parents[0], h.Record, c.Subject, ""); err != nil || !bytes.Equal(text, payload) {
		t.Errorf("Text is\n%s, %v, not\n%s", text, err, payload)
	}
	broken := OpenWith(repo, "acme", remote.Options{Sign: func([]byte) ([]byte, error) { return nil, errors.New("the agent is gone") }})
	if _, err := broken.Append(t.Context(), h, note("c")); err == nil {
		t.Error("a record that could not be signed was written")
	}
	if read := mustHead(t, l); read.Commit != h.Commit {
		t.Errorf("the tip is %+v", read)
	}
}
