package branch

import (
	"errors"
	"testing"

	"github.com/ringfence/ringfence/internal/gitrepo/gittest"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/remote"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

// TestARemoteThatForgets serves older and other histories than it once did. A git fetch of the user, which moves
// refs/remotes along, must not hide it.
func TestARemoteThatForgets(t *testing.T) {
	for name, forget := range map[string]func(t *testing.T, a site, first string){
		"older":   func(t *testing.T, a site, first string) { gittest.Run(t, a.Bare, "update-ref", a.Ref(), first) },
		"deleted": func(t *testing.T, a site, _ string) { gittest.Run(t, a.Bare, "update-ref", "-d", a.Ref()) },
		"another": func(t *testing.T, a site, first string) {
			gittest.Run(t, a.Bare, "update-ref", a.Ref(), first)
			b := newSite(t, a.Bare)
			mustAppend(t, b.Ledger, mustAppend(t, b.Ledger, b.mustSync(t), note("b2")), note("b3"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newSite(t, remotetest.Bare(t))
			first := mustAppend(t, a.Ledger, Head{}, note("a1"))
			h := mustAppend(t, a.Ledger, first, note("a2"))
			forget(t, a, first.Commit)
			gittest.Run(t, a.Dir, "fetch", "-q", "--prune", "origin")
			for range 2 {
				if err := a.Sync(t.Context()); !errors.Is(err, remote.ErrRewound) {
					t.Errorf("Sync: %v", err)
				}
			}
			must := note("a3")
			must.MustPush = true
			if _, err := a.Append(t.Context(), h, must); !errors.Is(err, remote.ErrRewound) {
				t.Errorf("Append: %v", err)
			}
			if got := mustHead(t, a.Ledger); got.Commit != h.Commit {
				t.Errorf("the head moved to %+v", got)
			}
			kept, err := a.Append(t.Context(), h, note("a3"))
			if !errors.Is(err, remote.ErrRewound) || !errors.Is(err, ErrUnpushed) || kept.State.Seq != 3 {
				t.Errorf("Append: %+v, %v", kept, err)
			}
			gittest.Run(t, a.Dir, "push", "-q", "-f", "origin", h.Commit+":"+a.Ref()) // what the message says
			if err := a.Push(t.Context()); err != nil || a.runs(t) != "a1 a2 a3" {
				t.Errorf("restored: %q, %v", a.runs(t), err)
			}
		})
	}
}

func TestABrokenRemoteLedgerIsNotFollowed(t *testing.T) {
	a := newSite(t, remotetest.Bare(t))
	h := mustAppend(t, a.Ledger, Head{}, note("a1"))
	bad, err := a.Repo.Commit(t.Context(), remotetest.Odd(h.Commit, "not a record", t0))
	if err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, a.Dir, "push", "-q", "origin", bad+":"+a.Ref())
	if err := a.Sync(t.Context()); !errors.Is(err, ledger.ErrBroken) {
		t.Errorf("Sync: %v", err)
	}
	if got := mustHead(t, a.Ledger); got.Commit != h.Commit {
		t.Errorf("the head moved to %+v", got)
	}
}

// TestALocalLedgerGetsARemote starts on two machines without a remote; later they share one.
func TestALocalLedgerGetsARemote(t *testing.T) {
	a := newSite(t, remotetest.Bare(t))
	b := newSite(t, a.Bare)
	for name, s := range map[string]site{"a": a, "b": b} {
		l := Open(s.Repo, "acme")
		mustAppend(t, l, mustAppend(t, l, Head{}, note(name+"1")), note(name+"2"))
	}
	if n := a.unpushed(t); n != 2 {
		t.Errorf("%d unpushed", n)
	}
	for _, s := range []site{a, b} {
		if err := s.Push(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := a.runs(t); got != "a1 a2 b1 b2" {
		t.Errorf("the remote has %q", got)
	}
	if mustHead(t, b.Ledger).Commit != a.mustSync(t).Commit {
		t.Error("the two differ")
	}
	gittest.Run(t, b.Dir, "update-ref", "-d", b.Ref()) // a clone that lost its branch finds it again
	if h := b.mustSync(t); h.State.Seq != 4 {
		t.Errorf("head %+v", h)
	}
}

// TestAStaleBranchTakesNothingBack plays a runner that was killed between noting what it saw and moving its branch. What
// it appends must not replace what the remote has.
func TestAStaleBranchTakesNothingBack(t *testing.T) {
	a := newSite(t, remotetest.Bare(t))
	first := mustAppend(t, a.Ledger, Head{}, note("a1"))
	mustAppend(t, a.Ledger, first, note("a2"))
	gittest.Run(t, a.Dir, "update-ref", a.Ref(), first.Commit)
	if h := mustAppend(t, a.Ledger, first, note("a3")); h.State.Seq != 3 || a.runs(t) != "a1 a2 a3" {
		t.Errorf("the remote has %q", a.runs(t))
	}
	gittest.Run(t, a.Dir, "update-ref", "-d", a.Ref())
	if h := mustAppend(t, a.Ledger, Head{}, note("a4")); h.State.Seq != 4 || a.runs(t) != "a1 a2 a3 a4" {
		t.Errorf("the remote has %q", a.runs(t))
	}
}
