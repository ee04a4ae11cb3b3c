package gitrepo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestUpdateRefCompares(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	one, two := mustCommit(t, r, spec(map[string][]byte{"a": {1}}, "")), mustCommit(t, r, spec(map[string][]byte{"a": {2}}, ""))
	steps := []struct {
		new, old string
		want     error
	}{
		{one, two, ErrRefMoved}, // it does not exist
		{one, "", nil},
		{two, "", ErrRefMoved}, // it exists
		{one, "", ErrRefMoved}, // the same again: only one writer may believe that it won
		{two, two, ErrRefMoved},
		{two, one, nil},
	}
	for i, s := range steps {
		if err := r.UpdateRef(t.Context(), testRef, s.new, s.old); !errors.Is(err, s.want) {
			t.Fatalf("step %d: %v, want %v", i, err, s.want)
		}
	}
	git(t, dir, "pack-refs", "--all")
	if err := r.UpdateRef(t.Context(), testRef, one, one); !errors.Is(err, ErrRefMoved) {
		t.Errorf("packed: %v", err)
	}
	if err := r.UpdateRef(t.Context(), testRef, one, two); err != nil {
		t.Errorf("packed: %v", err)
	}
	if got, err := r.Ref(testRef); got != one || err != nil {
		t.Errorf("Ref() = %s, %v", got, err)
	}
	if err := r.UpdateRef(t.Context(), testRef, strings.Repeat("1", 40), one); err == nil {
		t.Error("the ref now points at an object that does not exist")
	}
}

func TestAnEndedContextWritesNothing(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	hash := mustCommit(t, r, spec(map[string][]byte{"a": {1}}, ""))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.UpdateRef(ctx, testRef, hash, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("UpdateRef: %v", err)
	}
	if _, err := r.Commit(ctx, spec(map[string][]byte{"a": {1}}, "")); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit: %v", err)
	}
	if _, err := r.Ref(testRef); !errors.Is(err, ErrRefNotFound) {
		t.Errorf("Ref: %v", err)
	}
	if err := r.UpdateRef(t.Context(), testRef, hash, ""); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestOfManyWritersOneWins(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	const writers = 6
	var wg sync.WaitGroup
	errs := make([]error, writers)
	for i := range writers {
		hash := mustCommit(t, r, spec(map[string][]byte{"a": {byte(i)}}, ""))
		wg.Go(func() {
			own := open(t, dir)
			errs[i] = own.UpdateRef(t.Context(), testRef, hash, "")
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, ErrRefMoved):
			t.Errorf("a loser got %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d won", won, writers)
	}
}

func TestForeignLocksStay(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	hash := mustCommit(t, r, spec(map[string][]byte{"a": {1}}, ""))
	lock := filepath.Join(dir, ".git", testRef+".lock")
	if err := os.MkdirAll(filepath.Dir(lock), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"", hash + "\n", "something else"} {
		if err := os.WriteFile(lock, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		long := testTime.AddDate(-1, 0, 0)
		if err := os.Chtimes(lock, long, long); err != nil {
			t.Fatal(err)
		}
		var locked *LockedError
		if err := r.UpdateRef(t.Context(), testRef, hash, ""); !errors.As(err, &locked) || locked.Path != lock || locked.Age < time.Hour {
			t.Errorf("lock holding %q: %v", content, err)
		}
		if _, err := os.Stat(lock); err != nil {
			t.Errorf("the lock is gone: %v", err)
		}
	}
}

// TestOwnOrphanIsReaped plays the death of a runner and its git child between writing the lock and renaming it.
func TestOwnOrphanIsReaped(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	hash := mustCommit(t, r, spec(map[string][]byte{"a": {1}}, ""))
	other := mustCommit(t, r, spec(map[string][]byte{"a": {2}}, ""))
	lock := filepath.Join(dir, ".git", testRef+".lock")
	die := func(content string, age time.Duration) {
		t.Helper()
		g, err := r.guard(t.Context(), testRef)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.intend(hash); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(lock), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(lock, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		g.file.Close()
		r.now = func() time.Time { return time.Now().Add(age) }
	}
	var locked *LockedError
	die(other+"\n", time.Hour)
	if err := r.UpdateRef(t.Context(), testRef, hash, ""); !errors.As(err, &locked) {
		t.Errorf("a lock for another value was reaped: %v", err)
	}
	die("", 0)
	if err := r.UpdateRef(t.Context(), testRef, hash, ""); !errors.As(err, &locked) {
		t.Errorf("a fresh lock that says nothing was reaped: %v", err)
	}
	die(hash[:7], time.Hour)
	if err := r.UpdateRef(t.Context(), testRef, hash, ""); err != nil {
		t.Errorf("an old torn lock: %v", err)
	}
	die(hash+"\n", 0)
	if err := r.UpdateRef(t.Context(), testRef, other, hash); err != nil {
		t.Errorf("our own lock: %v", err)
	}
	if got, _ := r.Ref(testRef); got != other {
		t.Errorf("the ref is at %s", got)
	}
}

func TestBrokenRefsAreNotMissing(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	hash := mustCommit(t, r, spec(map[string][]byte{"a": {1}}, ""))
	if err := r.UpdateRef(t.Context(), testRef, hash, ""); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "pack-refs", "--all") // an older value that must not shine through
	path := filepath.Join(dir, ".git", testRef)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"", hash[:20], "ref: refs/heads/main\n", strings.Repeat("z", 40), hash + "\n" + hash + "\n"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := r.Ref(testRef); !errors.Is(err, ErrBrokenRef) {
			t.Errorf("a ref holding %q: %q, %v", content, got, err)
		}
	}
	os.Remove(path)
	if err := os.Symlink("../../main", path); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Ref(testRef); !errors.Is(err, ErrBrokenRef) {
		t.Errorf("a symlink: %v", err)
	}
	if _, err := r.Ref(testRef + "/below"); !errors.Is(err, ErrRefNotFound) {
		t.Errorf("below a ref: %v", err)
	}
}
