package gitrepo

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ringfence/ringfence/internal/programfile"
)

const sharedRef = "refs/heads/ringfence/ledger/acme"

// shared makes a repository with a bare remote called origin.
func shared(t *testing.T) (r *Repo, dir, bare string) {
	t.Helper()
	dir, bare = folder(t, map[string]string{"a": "1"}), filepath.Join(t.TempDir(), "bare.git")
	git(t, dir, "init", "-q", "--bare", bare)
	git(t, dir, "remote", "add", "origin", bare)
	return open(t, dir), dir, bare
}

func script(t *testing.T, path, text string) {
	t.Helper()
	if err := programfile.Write(path, []byte("#!/bin/sh\n"+text)); err != nil {
		t.Fatal(err)
	}
}

// at is where a bare repository has a ref, "" for nowhere.
func at(t *testing.T, bare, ref string) string {
	t.Helper()
	out, err := tryGit(bare, "rev-parse", "--verify", "--quiet", ref)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(out)
}

func TestRemotes(t *testing.T) {
	r, dir, _ := shared(t)
	git(t, dir, "config", "remote.we ird.url", "/x")
	for name, want := range map[string]bool{"origin": true, "we ird": false, "": false, "--all": false} {
		if _, err := r.RemoteRef(t.Context(), name, sharedRef); want != !errors.Is(err, ErrNoRemote) {
			t.Errorf("RemoteRef(%q): %v", name, err)
		}
	}
	git(t, dir, "remote", "set-url", "--add", "--push", "origin", "/one")
	git(t, dir, "remote", "set-url", "--add", "--push", "origin", "/two")
	if _, err := r.RemoteRef(t.Context(), "origin", sharedRef); !errors.Is(err, ErrUnsupported) {
		t.Errorf("two addresses: %v", err)
	}
}

func TestPushCompares(t *testing.T) {
	r, _, bare := shared(t)
	one, two := mustCommit(t, r, spec(map[string][]byte{"a": {1}}, "")), mustCommit(t, r, spec(map[string][]byte{"a": {2}}, ""))
	steps := []struct {
		new, old, want string
		err            error
	}{
		{one, two, "", ErrRefMoved}, // it does not exist
		{"", one, "", ErrRefMoved},
		{one, "", one, nil},
		{one, "", one, ErrRefMoved}, // the same again: only one writer may believe that it won
		{two, "", one, ErrRefMoved}, // it exists
		{two, two, one, ErrRefMoved},
		{two, one, two, nil}, // no descendant: the old value is all that counts
		{"", one, two, ErrRefMoved},
		{"", two, "", nil},
	}
	for i, s := range steps {
		if err := r.Push(t.Context(), "origin", sharedRef, s.new, s.old); !errors.Is(err, s.err) {
			t.Fatalf("step %d: %v, want %v", i, err, s.err)
		}
		if got := at(t, bare, sharedRef); got != s.want {
			t.Fatalf("step %d: the remote is at %q, want %q", i, got, s.want)
		}
		if got, err := r.RemoteRef(t.Context(), "origin", sharedRef); got != s.want || (s.want == "") != errors.Is(err, ErrRefNotFound) {
			t.Fatalf("step %d: RemoteRef() = %q, %v", i, got, err)
		}
	}
	if err := r.Push(t.Context(), "origin", sharedRef, "", ""); err == nil {
		t.Error("nothing was pushed for nothing")
	}
}

func TestOfManyPushersOneWins(t *testing.T) {
	r, dir, bare := shared(t)
	old := ""
	for round := range 4 {
		const pushers = 4
		errs, hashes := make([]error, pushers), make([]string, pushers)
		var wg sync.WaitGroup
		for i := range pushers {
			hashes[i] = mustCommit(t, r, spec(map[string][]byte{"a": {byte(round), byte(i)}}, old))
			wg.Go(func() { errs[i] = open(t, dir).Push(t.Context(), "origin", sharedRef, hashes[i], old) })
		}
		wg.Wait()
		now, winners := at(t, bare, sharedRef), 0
		for i, err := range errs {
			switch {
			case err == nil:
				winners++
				if hashes[i] != now {
					t.Errorf("round %d: pusher %d was told that it won", round, i)
				}
			case !errors.Is(err, ErrRefMoved):
				t.Errorf("round %d: pusher %d: %v", round, i, err)
			}
		}
		if winners != 1 {
			t.Fatalf("round %d: %d winners: %v", round, winners, errs)
		}
		old = now
	}
}

func TestFetch(t *testing.T) {
	r, dir, bare := shared(t)
	one := mustCommit(t, r, spec(map[string][]byte{"a": {1}}, ""))
	two := mustCommit(t, r, spec(map[string][]byte{"a": {2}}, one))
	if err := r.Push(t.Context(), "origin", sharedRef, two, ""); err != nil {
		t.Fatal(err)
	}
	git(t, bare, "tag", "v1", two)
	other := open(t, folder(t, map[string]string{"a": "1"}))
	git(t, other.Root(), "remote", "add", "origin", "file://"+bare)
	git(t, other.Root(), "config", "remote.origin.partialCloneFilter", "blob:none")
	git(t, other.Root(), "config", "remote.origin.promisor", "true")
	git(t, other.Root(), "config", "remote.origin.fetch", "+refs/*:refs/*")
	before := git(t, other.Root(), "for-each-ref")
	if err := other.Fetch(t.Context(), "origin", sharedRef); err != nil {
		t.Fatal(err)
	}
	if raw, err := other.ReadFile(two, "a", 10); err != nil || string(raw) != "\x02" {
		t.Errorf("read %q, %v", raw, err)
	}
	if after := git(t, other.Root(), "for-each-ref"); after != before {
		t.Errorf("refs were written:\n%s", after)
	}
	if _, err := os.Stat(filepath.Join(other.Root(), ".git", "FETCH_HEAD")); err == nil {
		t.Error("FETCH_HEAD was written")
	}
	if err := other.Fetch(t.Context(), "origin", "refs/heads/missing"); !errors.Is(err, ErrRefNotFound) {
		t.Errorf("a missing ref: %v", err)
	}
	fetchInto(t, other, dir, one)
}

// fetchInto fetches to a ref of ours, which must not go back.
func fetchInto(t *testing.T, other *Repo, dir, older string) {
	t.Helper()
	into := sharedRef + ":refs/ringfence/got"
	if err := other.Fetch(t.Context(), "origin", into); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "push", "-q", "-f", "origin", older+":"+sharedRef)
	if err := other.Fetch(t.Context(), "origin", into); !errors.Is(err, ErrRefMoved) {
		t.Errorf("a remote that went back: %v", err)
	}
	if err := other.Fetch(t.Context(), "origin", "+"+into); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "--upload-pack=x", "HEAD", "refs/a:--x", "refs/a:refs/b:refs/c", "refs/../x", "main"} {
		if err := other.Fetch(t.Context(), "origin", bad); err == nil || errors.Is(err, ErrRemoteDown) {
			t.Errorf("refspec %q: %v", bad, err)
		}
	}
}

func TestRemoteRefs(t *testing.T) {
	r, dir, _ := shared(t)
	hash := mustCommit(t, r, spec(map[string][]byte{"a": {1}}, ""))
	for _, ref := range []string{"refs/ringfence/lease/acme/main", "refs/ringfence/lease/b/c", "refs/heads/refs/ringfence/lease/x", "refs/heads/main"} {
		git(t, dir, "push", "-q", "origin", hash+":"+ref)
	}
	refs, err := r.RemoteRefs(t.Context(), "origin", "refs/ringfence/lease/")
	if err != nil || len(refs) != 2 || refs["refs/ringfence/lease/acme/main"] != hash || refs["refs/ringfence/lease/b/c"] != hash {
		t.Errorf("RemoteRefs() = %v, %v", refs, err)
	}
	if refs, err := r.Refs(t.Context(), "refs/ringfence/lease/"); err != nil || len(refs) != 0 {
		t.Errorf("Refs() = %v, %v", refs, err)
	}
	git(t, dir, "update-ref", "refs/ringfence/lease/acme/main", hash)
	git(t, dir, "update-ref", "refs/ringfence/leased/acme", hash)
	if refs, err := r.Refs(t.Context(), "refs/ringfence/lease/"); err != nil || len(refs) != 1 || refs["refs/ringfence/lease/acme/main"] != hash {
		t.Errorf("Refs() = %v, %v", refs, err)
	}
	if _, err := r.RemoteRef(t.Context(), "origin", "refs/ringfence/lease/x"); !errors.Is(err, ErrRefNotFound) {
		t.Errorf("a ref of which another one is the tail: %v", err)
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add("To x\n!\tabc:"+sharedRef+"\t[rejected] (stale info)\nDone\n", sharedRef)
	f.Add("*\t:refs/x\t[new reference]\n=\t:refs/x\t[up to date]\n", "refs/x")
	f.Fuzz(func(t *testing.T, out, ref string) {
		a, ok := parseAnswer(out, ref)
		if ok && !strings.ContainsAny(string(a.flag), " +*-=!") {
			t.Errorf("an unknown answer %q", a.flag)
		}
		if both, twice := parseAnswer(out+"\n"+out, ref); ok && twice {
			t.Errorf("two answers are one: %v", both)
		}
	})
}
