package branch

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

// TestBrokenLedgers writes what no Append would and expects Head to name it.
func TestBrokenLedgers(t *testing.T) {
	good := func(repo *gitrepo.Repo) (Head, map[string][]byte) {
		l := Open(repo, "acme")
		h, err := l.Append(context.Background(), Head{}, note("a"))
		if err != nil {
			t.Fatal(err)
		}
		files := map[string][]byte{}
		for _, name := range []string{stateFile, recordFile} {
			files[name], _ = l.ReadFile(h, name)
		}
		return h, files
	}
	for name, tc := range map[string]struct {
		edit func(files map[string][]byte)
		seq  string
		want string
	}{
		"an unknown field":  {replace(stateFile, `"kind":`, `"kidn":1,"kind":`), "1", "unknown field"},
		"a field of later":  {replace(recordFile, `"actions":[],`, `"actions":[],"aim":1,`), "1", "newer ringfence"},
		"keys out of order": {replace(recordFile, `"actions":[],`, `"fence":0,"actions":[],`), "1", "Duplicate"},
		"a key twice":       {replace(stateFile, `"seq":1`, `"seq":1,"seq":1`), "1", "Duplicate"},
		"white space":       {replace(stateFile, `,`, `, `), "1", "canonical"},
		"another tenant":    {replace(stateFile, `"tenant":"acme"`, `"tenant":"globex"`), "1", `tenant "globex"`},
		"another number":    {replace(stateFile, `"seq":1`, `"seq":2`), "1", "number 2"},
		"no record":         {func(f map[string][]byte) { delete(f, recordFile) }, "1", "not exist"},
		"no state":          {func(f map[string][]byte) { delete(f, stateFile) }, "1", "not exist"},
		"cut short":         {func(f map[string][]byte) { f[stateFile] = f[stateFile][:40] }, "1", "state"},
		"no trailer":        {func(map[string][]byte) {}, "", "is no record"},
		"a trailer twice":   {func(map[string][]byte) {}, "1\nRingfence-Seq: 1", "is no record"},
		"a gap":             {func(map[string][]byte) {}, "2", "0 parents"},
		"a number of words": {func(map[string][]byte) {}, "01", `"01"`},
	} {
		t.Run(name, func(t *testing.T) {
			repo, _ := remotetest.Repository(t)
			h, files := good(repo)
			tc.edit(files)
			msg := "x\n\nRingfence-Run: a\n"
			if tc.seq != "" {
				msg += "Ringfence-Seq: " + tc.seq + "\n"
			}
			hash, err := repo.Commit(t.Context(), gitrepo.CommitSpec{Files: files, Message: msg, AuthorName: "x", AuthorEmail: "x", When: t0})
			if err != nil {
				t.Fatal(err)
			}
			l := Open(repo, "acme")
			if err := repo.UpdateRef(t.Context(), l.Ref(), hash, h.Commit); err != nil {
				t.Fatal(err)
			}
			_, err = l.Head(t.Context())
			if !errors.Is(err, ledger.ErrBroken) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "look with: git") {
				t.Errorf("Head() = %v, want one that says %q", err, tc.want)
			}
		})
	}
}

func replace(file, old, new string) func(map[string][]byte) {
	return func(files map[string][]byte) { files[file] = bytes.Replace(files[file], []byte(old), []byte(new), 1) }
}

func TestADamagedRefIsNoNewLedger(t *testing.T) {
	repo, dir := remotetest.Repository(t)
	l := Open(repo, "acme")
	mustAppend(t, l, Head{}, note("a"))
	if err := os.WriteFile(filepath.Join(dir, ".git", l.Ref()), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Head(t.Context()); !errors.Is(err, ledger.ErrBroken) {
		t.Errorf("Head() = %v", err)
	}
	if _, err := l.Append(t.Context(), Head{}, note("b")); err == nil {
		t.Error("a new ledger was begun over the damaged one")
	}
}
