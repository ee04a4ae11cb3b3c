package remote_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger/remote"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

const (
	ref   = "refs/heads/ringfence/lease/acme"
	limit = 1 << 10
)

// runner is a repository and the refs that it shares.
type runner struct {
	*testing.T
	repo *gitrepo.Repo
	remote.Refs
}

func shares(t *testing.T, bare string) runner {
	site := remotetest.NewSite(t, bare)
	return runner{t, site.Repo, remote.NewRefs(site.Repo, "origin", "held", limit)}
}

// holds makes a commit whose file says what.
func (r runner) holds(what string) string {
	r.Helper()
	commit, err := r.repo.Commit(r.Context(), gitrepo.CommitSpec{
		Files: map[string][]byte{"held": []byte(what)}, Message: what, AuthorName: "Ringfence", AuthorEmail: "ringfence@localhost",
		When: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
	})
	if err != nil {
		r.Fatal(err)
	}
	return commit
}

// sees checks what the ref says to a runner.
func (r runner) sees(want string) (at string) {
	r.Helper()
	at, err := r.Get(r.Context(), ref)
	got := ""
	if err == nil && at != "" {
		var raw []byte
		raw, err = r.Read(at)
		got = string(raw)
	}
	if err != nil || got != want {
		r.Errorf("the ref says %q, %v; want %q", got, err, want)
	}
	return at
}

// TestOneOfTwoSwaps: of two runners that saw the same, one moves the ref, the other is told, sees what the first wrote,
// and moves it from there. What was removed is nowhere.
func TestOneOfTwoSwaps(t *testing.T) {
	bare := remotetest.Bare(t)
	a, b := shares(t, bare), shares(t, bare)
	a.sees("")
	first, second := a.holds("a"), b.holds("b")
	if err := a.Swap(t.Context(), ref, first, ""); err != nil {
		t.Fatal(err)
	}
	if err := b.Swap(t.Context(), ref, second, ""); !errors.Is(err, gitrepo.ErrRefMoved) {
		t.Errorf("the second: %v", err)
	}
	at := b.sees("a")
	if err := b.Swap(t.Context(), ref, second, at); err != nil {
		t.Error(err)
	}
	a.sees("b")
	if all, err := a.List(t.Context(), "refs/heads/ringfence/lease/"); err != nil || len(all) != 1 || all[ref] != second {
		t.Errorf("%v, %v", all, err)
	}
	if err := a.Swap(t.Context(), ref, "", second); err != nil {
		t.Error(err)
	}
	b.sees("")
}

// TestRefsWithoutARemote: the local repository's own refs are moved by the same rules.
func TestRefsWithoutARemote(t *testing.T) {
	repo, _ := remotetest.Repository(t)
	r := runner{t, repo, remote.NewRefs(repo, "", "held", limit)}
	r.sees("")
	if err := r.Swap(t.Context(), ref, r.holds("a"), ""); err != nil {
		t.Fatal(err)
	}
	r.sees("a")
	if err := r.Swap(t.Context(), ref, r.holds("b"), ""); !errors.Is(err, gitrepo.ErrRefMoved) {
		t.Errorf("a ref that is there already: %v", err)
	}
	if want := "git update-ref -d " + ref; r.Removal(ref) != want {
		t.Errorf("%q, want %q", r.Removal(ref), want)
	}
}

// TestARemoteThatIsDown: that nobody answers is never taken for a ref that is not there.
func TestARemoteThatIsDown(t *testing.T) {
	site := remotetest.NewSite(t, remotetest.Bare(t))
	r := runner{t, site.Repo, remote.NewRefs(site.Repo, "origin", "held", limit)}
	up := site.Down(t)
	if at, err := r.Get(t.Context(), ref); err == nil {
		t.Errorf("it is at %q", at)
	}
	if err := r.Swap(t.Context(), ref, r.holds("a"), ""); err == nil || errors.Is(err, gitrepo.ErrRefMoved) {
		t.Errorf("a push to nowhere: %v", err)
	}
	up()
	r.sees("")
}
