// Package remotetest plays runners that meet at a remote: each has a repository of its own, all share one bare one.
package remotetest

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/gitrepo/gittest"
	"github.com/ringfence/ringfence/internal/programfile"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

// Site is a runner's own repository, with the remote that all share as origin.
type Site struct {
	Repo *gitrepo.Repo
	Dir  string
	Bare string
}

// NewSite makes a runner's repository for a remote.
func NewSite(t *testing.T, bare string) Site {
	t.Helper()
	repo, dir := Repository(t)
	gittest.Run(t, dir, "remote", "add", "origin", bare)
	return Site{repo, dir, bare}
}

// Bare makes an empty remote.
func Bare(t *testing.T) string {
	t.Helper()
	dir := folder(t)
	bare := filepath.Join(dir, "bare.git")
	gittest.Run(t, dir, "init", "-q", "--bare", bare)
	gittest.Run(t, bare, "config", "receive.autogc", "false") // it would go on in the background
	return bare
}

// Repository makes an empty repository without a remote.
func Repository(t *testing.T) (*gitrepo.Repo, string) {
	t.Helper()
	dir := folder(t)
	repo, err := gitrepo.InitRepo(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return repo, dir
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

// Quick shares through origin and hardly waits.
func Quick() remote.Options {
	return remote.Options{
		Remote: "origin", Rand: rand.Int64N,
		Sleep: func(ctx context.Context, d time.Duration) error { time.Sleep(d / 10); return ctx.Err() },
	}
}

// Down takes the remote away until the returned function is called.
func (s Site) Down(t *testing.T) (up func()) {
	t.Helper()
	rename := func(from, to string) {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	rename(s.Bare, s.Bare+".gone")
	return func() { rename(s.Bare+".gone", s.Bare) }
}

// Hook has the remote run a shell script until the returned function is called.
func (s Site) Hook(t *testing.T, name, text string) (remove func()) {
	t.Helper()
	path := filepath.Join(s.Bare, "hooks", name)
	if err := programfile.Write(path, []byte("#!/bin/sh\n"+text)); err != nil {
		t.Fatal(err)
	}
	return func() { os.Remove(path) }
}

// Odd is a commit on top of a parent that says nothing anybody could read.
func Odd(parent, message string, at time.Time) gitrepo.CommitSpec {
	return gitrepo.CommitSpec{
		Parent: parent, Files: map[string][]byte{"x": []byte("x")}, Message: message, AuthorName: "Ringfence", AuthorEmail: "ringfence@localhost", When: at,
	}
}
