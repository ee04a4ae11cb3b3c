package branch

import (
	"bytes"
	"context"
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

// TestNoSignatureIsLost: who has no key leaves signed records that are only here as they are, and with a key they are
// signed again.
func TestNoSignatureIsLost(t *testing.T) {
	key := newKey(t)
	a := newSite(t, remotetest.Bare(t))
	b := newSite(t, a.Bare)
	h := mustAppend(t, a.Ledger, Head{}, note("a1"))
	b.mustSync(t)
	up := a.Down(t)
	o := remotetest.Quick()
	o.Sign = key.Sign
	signed := OpenWith(a.Repo, "acme", o)
	h, err := signed.Append(t.Context(), h, note("a2"))
	if !errors.Is(err, ErrUnpushed) || !h.Signed {
		t.Fatalf("%+v, %v", h, err)
	}
	up()
	mustAppend(t, b.Ledger, mustHead(t, b.Ledger), note("b1"))
	for name, bring := range map[string]func(context.Context) error{"pull": a.Sync, "push": a.Push} {
		if err := bring(t.Context()); !errors.Is(err, ErrUnsigned) {
			t.Errorf("%s without a key: %v", name, err)
		}
		if got := mustHead(t, a.Ledger); got.Commit != h.Commit {
			t.Errorf("%s without a key moved the branch to %+v", name, got)
		}
	}
	if err := signed.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := mustHead(t, a.Ledger); !got.Signed || a.runs(t) != "a1 b1 a2" {
		t.Errorf("with a key: %q, %+v", a.runs(t), got)
	}
}

// TestUnsignedWhereItMustBe: nothing is written without a key where records must be signed, new or put on top of others.
func TestUnsignedWhereItMustBe(t *testing.T) {
	a := newSite(t, remotetest.Bare(t))
	b := newSite(t, a.Bare)
	up := a.Down(t)
	if _, err := a.Append(t.Context(), Head{}, note("a1")); !errors.Is(err, ErrUnpushed) {
		t.Fatal(err)
	}
	up()
	mustAppend(t, b.Ledger, Head{}, note("b1"))
	o := remotetest.Quick()
	o.Signed = true
	strict := OpenWith(a.Repo, "acme", o)
	before := mustHead(t, a.Ledger)
	if err := strict.Push(t.Context()); !errors.Is(err, ErrUnsigned) {
		t.Errorf("push: %v", err)
	}
	if _, err := strict.Append(t.Context(), before, note("a2")); !errors.Is(err, ErrUnsigned) {
		t.Errorf("append: %v", err)
	}
	if got := mustHead(t, a.Ledger); got.Commit != before.Commit {
		t.Errorf("the branch moved to %+v", got)
	}
}

func newKey(t *testing.T) *signing.Key {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %s", out)
	}
	key, err := signing.Open(file, "")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestSignedRecords(t *testing.T) {
	key := newKey(t)
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
