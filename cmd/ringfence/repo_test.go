package main_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// person is who commits, and when.
var person = []string{
	"GIT_AUTHOR_NAME=Pat", "GIT_AUTHOR_EMAIL=pat@msp.example", "GIT_AUTHOR_DATE=2026-11-20T09:00:00Z",
	"GIT_COMMITTER_NAME=Pat", "GIT_COMMITTER_EMAIL=pat@msp.example", "GIT_COMMITTER_DATE=2026-11-20T09:00:00Z",
	"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
}

// git runs git in the script's folder as one fixed person at one fixed time.
func git(ts *testscript.TestScript, args ...string) string {
	c := exec.Command("git", args...)
	c.Dir, c.Env = ts.MkAbs("."), append(environ(ts), person...)
	out, err := c.CombinedOutput()
	if err != nil {
		ts.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// gitinit [DIR] makes an empty repository.
func gitInit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: gitinit [dir]")
	}
	git(ts, append([]string{"init", "--quiet", "--initial-branch=main"}, args...)...)
}

// commit MESSAGE commits everything that is not ignored.
func commit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: commit message")
	}
	git(ts, "add", "--all")
	git(ts, "commit", "--quiet", "--allow-empty", "-m", args[0])
}

// template is a repository that every script may copy: what init writes and the small fleet of testdata/small.
var template string

func smallPolicy(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "policy")
	run := func(name string, args ...string) {
		c := exec.Command(name, args...)
		c.Dir, c.Env = filepath.Dir(dir), append(os.Environ(), person...)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	run("ringfence", "init", dir)
	if err := overlay("testdata/small", dir); err != nil {
		t.Fatal(err)
	}
	run("git", "-C", dir, "add", "--all")
	run("git", "-C", dir, "commit", "--quiet", "-m", "Try it on a small fleet")
	return dir
}

// policy [DIR…] makes the policy repository $WORK/policy and goes there: the template, and the files below each DIR
// over it, committed.
func policy(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: policy [dir…]")
	}
	dir := filepath.Join(ts.Getenv("WORK"), "policy")
	ts.Check(os.CopyFS(dir, os.DirFS(template)))
	for _, over := range args {
		ts.Check(overlay(ts.MkAbs(over), dir))
	}
	ts.Check(ts.Chdir(dir))
	if len(args) > 0 {
		commit(ts, false, []string{"Change the policy"})
	}
}

// overlay copies files over those that are there.
func overlay(from, to string) error {
	return fs.WalkDir(os.DirFS(from), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, path), 0o755)
		}
		raw, err := os.ReadFile(filepath.Join(from, path))
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, path), raw, 0o644)
	})
}

// picture is every ref and every file of a working folder, with digests. The sim's state is one of the files, so hosts
// that changed are seen too.
type picture map[string]string

func photograph(ts *testscript.TestScript) picture {
	root, out := ts.MkAbs("."), picture{}
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == ".git" {
			return cmpErr(err, filepath.SkipDir)
		}
		rel, err := filepath.Rel(root, path)
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err == nil && !strings.HasSuffix(rel, ".lock") {
			out["file "+rel] = fmt.Sprintf("%x", sha256.Sum256(raw))
		}
		return err
	}))
	if _, err := os.Stat(filepath.Join(root, ".git")); err == nil {
		for line := range strings.Lines(git(ts, "for-each-ref", "--format=%(refname) %(objectname)")) {
			ref, hash, _ := strings.Cut(strings.TrimSpace(line), " ")
			out["ref "+ref] = hash
		}
	}
	return out
}

func cmpErr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func (p picture) diff(q picture) string {
	var out []string
	both := maps.Clone(p)
	maps.Copy(both, q)
	for _, k := range slices.Sorted(maps.Keys(both)) {
		switch {
		case p[k] == "":
			out = append(out, "new: "+k)
		case q[k] == "":
			out = append(out, "gone: "+k)
		case p[k] != q[k]:
			out = append(out, "changed: "+k)
		}
	}
	return strings.Join(out, "\n")
}

// pictures are the last ones taken, by script.
var pictures sync.Map

// mark remembers refs, working folder and hosts for unchanged.
func mark(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: mark")
	}
	pictures.Store(ts.Getenv("WORK"), photograph(ts))
}

// unchanged [PATH…] wants everything as at mark, but for the named files.
func unchanged(ts *testscript.TestScript, neg bool, args []string) {
	before, ok := pictures.Load(ts.Getenv("WORK"))
	if !ok || neg {
		ts.Fatalf("usage: mark, then unchanged [file…]")
	}
	old, now := maps.Clone(before.(picture)), photograph(ts)
	for _, path := range args {
		delete(old, "file "+path)
		delete(now, "file "+path)
	}
	if diff := old.diff(now); diff != "" {
		ts.Fatalf("not as it was:\n%s", diff)
	}
}

// ledger TENANT [N|none] reads a tenant's ledger with nothing but git: objects are sound, it is one chain, records count
// from 1 without a gap, and each state.json has its record's number.
func checkLedger(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: ledger tenant [records]")
	}
	git(ts, "fsck", "--strict", "--no-dangling")
	branch := "refs/heads/ringfence/ledger/" + args[0]
	if len(args) == 2 && args[1] == "none" {
		if out := git(ts, "for-each-ref", branch); out != "" {
			ts.Fatalf("%s has a ledger: %s", args[0], out)
		}
		return
	}
	lines := strings.Split(strings.TrimSpace(git(ts, "rev-list", "--reverse", "--parents", branch)), "\n")
	parent := ""
	for i, line := range lines {
		hash, got, _ := strings.Cut(line, " ")
		if got != parent {
			ts.Fatalf("record %d has the parents %q, want %q", i+1, got, parent)
		}
		checkRecord(ts, hash, i+1)
		parent = hash
	}
	if len(args) == 2 && args[1] != strconv.Itoa(len(lines)) {
		ts.Fatalf("the ledger of %s has %d records, want %s:\n%s", args[0], len(lines), args[1], git(ts, "log", "--format=%s", branch))
	}
}

func checkRecord(ts *testscript.TestScript, hash string, seq int) {
	trailer := strings.TrimSpace(git(ts, "show", "--no-patch", "--format=%(trailers:key=Ringfence-Seq,valueonly)", hash))
	var record, state struct {
		Seq int `json:"seq"`
	}
	decode(ts, git(ts, "show", hash+":run/record.json"), &record)
	decode(ts, git(ts, "show", hash+":state.json"), &state)
	if trailer != strconv.Itoa(seq) || record.Seq != seq || state.Seq != seq {
		ts.Fatalf("record %d: trailer %q, record.json %d, state.json %d", seq, trailer, record.Seq, state.Seq)
	}
}

func decode(ts *testscript.TestScript, text string, to any) {
	ts.Check(json.Unmarshal([]byte(text), to))
}
