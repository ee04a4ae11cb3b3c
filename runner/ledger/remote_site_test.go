package ledger

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/gitrepo/gittest"
	"github.com/ringfence/ringfence/internal/programfile"
)

// site is a runner's own repository, with the remote that all share as origin.
type site struct {
	*Ledger
	repo *gitrepo.Repo
	dir  string
	bare string
}

func bareRemote(t *testing.T) string {
	t.Helper()
	dir := folder(t)
	bare := filepath.Join(dir, "bare.git")
	gittest.Run(t, dir, "init", "-q", "--bare", bare)
	gittest.Run(t, bare, "config", "receive.autogc", "false") // it would go on in the background
	return bare
}

// folder is t.TempDir for tests that kill programs: what these started may still write for a moment.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 100 {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Error(err)
	})
	return dir
}

func newSite(t *testing.T, bare string) site {
	t.Helper()
	repo, dir := repository(t)
	gittest.Run(t, dir, "remote", "add", "origin", bare)
	return site{OpenWith(repo, "acme", quick()), repo, dir, bare}
}

// quick shares through origin and hardly waits.
func quick() Options {
	return Options{
		Remote: "origin", Rand: rand.Int64N,
		Sleep: func(ctx context.Context, d time.Duration) error { time.Sleep(d / 10); return ctx.Err() },
	}
}

// down takes the remote away until the returned function is called.
func (s site) down(t *testing.T) (up func()) {
	t.Helper()
	rename := func(from, to string) {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	rename(s.bare, s.bare+".gone")
	return func() { rename(s.bare+".gone", s.bare) }
}

func (s site) hook(t *testing.T, name, text string) (remove func()) {
	t.Helper()
	path := filepath.Join(s.bare, "hooks", name)
	if err := programfile.Write(path, []byte("#!/bin/sh\n"+text)); err != nil {
		t.Fatal(err)
	}
	return func() { os.Remove(path) }
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
	gittest.Run(t, s.bare, "fsck", "--strict", "--full", "--no-dangling", "--no-reflogs")
	repo, err := gitrepo.Open(t.Context(), s.bare)
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
