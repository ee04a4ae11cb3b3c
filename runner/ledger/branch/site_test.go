package branch

import (
	"reflect"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/gitrepo/gittest"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

// site is a runner with its ledger.
type site struct {
	*Ledger
	remotetest.Site
}

func newSite(t *testing.T, bare string) site {
	t.Helper()
	s := remotetest.NewSite(t, bare)
	return site{OpenWith(s.Repo, "acme", remotetest.Quick()), s}
}

func (s site) mustSync(t *testing.T) Head {
	t.Helper()
	if err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	return mustHead(t, s.Ledger)
}

func (s site) unpushed(t *testing.T) int {
	t.Helper()
	n, err := s.Unpushed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// runs lists the runs of all records on the remote, oldest first, after checking that they are whole.
func (s site) runs(t *testing.T) string {
	t.Helper()
	gittest.Run(t, s.Bare, "fsck", "--strict", "--full", "--no-dangling", "--no-reflogs")
	repo, err := gitrepo.Open(t.Context(), s.Bare)
	if err != nil {
		t.Fatal(err)
	}
	l := Open(repo, "acme")
	h := mustHead(t, l)
	if h.Commit == "" {
		return ""
	}
	if replayed, err := l.Replay(t.Context(), h); err != nil || !reflect.DeepEqual(replayed, h.State) {
		t.Errorf("replayed %+v, %v, not %+v", replayed, err, h.State)
	}
	hashes, err := l.since(t.Context(), h, 0)
	if err != nil {
		t.Fatal(err)
	}
	var runs []string
	for _, hash := range hashes {
		at, err := l.at(hash)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, at.Record.Run)
	}
	return strings.Join(runs, " ")
}
