//go:build linux

package killloop

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// ground is a folder in which a world is made.
type ground struct {
	*testing.T
	dir string
}

// newGround makes the folder: in memory where that can be had, because a process that is killed loses nothing that it
// wrote, wherever it wrote it, and half of the time would go into waiting for a disk.
func newGround(t *testing.T, pattern string) ground {
	t.Helper()
	parent := ""
	if info, err := os.Stat(memory); err == nil && info.IsDir() && os.Getenv("TMPDIR") == "" {
		parent = memory
	}
	dir, err := os.MkdirTemp(parent, pattern)
	if errors.Is(err, os.ErrPermission) {
		dir, err = os.MkdirTemp("", pattern)
	}
	if err != nil {
		t.Fatal(err)
	}
	return ground{t, dir}
}

const memory = "/dev/shm"

func (g ground) check(err error) {
	g.Helper()
	if err != nil {
		g.Fatal(err)
	}
}

func (g ground) path(parts ...string) string {
	return filepath.Join(append([]string{g.dir}, parts...)...)
}

func (g ground) write(text string, parts ...string) {
	g.Helper()
	to := g.path(parts...)
	g.check(os.MkdirAll(filepath.Dir(to), 0o755))
	g.check(os.WriteFile(to, []byte(text), 0o644))
}

func (g ground) must(dir, name string, args ...string) string {
	g.Helper()
	c := exec.Command(name, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		g.Fatalf("%s %s in %s: %v\n%s", name, strings.Join(args, " "), dir, err, out)
	}
	return string(out)
}

// clone gives a machine a new disk. It asks the remote as from afar: one that looks into its folders meets the files that
// a push under way is about to move.
func (g ground) clone(machine string) {
	g.Helper()
	g.gone(machine)
	g.must(g.dir, "git", "clone", "-q", "--no-local", "remote.git", machine)
}

// gone takes a machine's disk away, if it had one. A git whose runner was killed alone may still write to it, so it is
// moved before it is removed.
func (g ground) gone(machine string) {
	g.Helper()
	away, err := os.MkdirTemp(g.dir, "gone-")
	g.check(err)
	if err := os.Rename(g.path(machine), filepath.Join(away, machine)); !errors.Is(err, os.ErrNotExist) {
		g.check(err)
	}
	_ = os.RemoveAll(away)
}

// policy makes a policy repository of these files beside what init writes.
func (g ground) policy(binary string, files map[string]string) {
	g.Helper()
	g.must(g.dir, binary, "init", g.path("policy"))
	for _, d := range []string{"tenants", "tests"} {
		g.check(os.RemoveAll(g.path("policy", d)))
	}
	for path, text := range files {
		g.write(text, "policy", path)
	}
	g.commit("A world to kill runners in")
}

func (g ground) commit(message string) {
	g.Helper()
	policy := g.path("policy")
	g.must(policy, "git", "add", "--all")
	g.must(policy, "git", "-c", "user.name=Test", "-c", "user.email=test@localhost", "commit", "-qm", message)
}

// whole: no repository lost or damaged an object or a ref.
func (g ground) whole(repos ...string) {
	g.Helper()
	g.quiet()
	for _, repo := range repos {
		c := exec.Command("git", "fsck", "--strict", "--no-dangling", "--no-progress")
		c.Dir = g.path(repo)
		out, err := c.CombinedOutput()
		bad := slices.ContainsFunc(strings.Split(string(out), "\n"), func(line string) bool {
			return strings.HasPrefix(line, "error") || strings.HasPrefix(line, "missing") || strings.HasPrefix(line, "broken") || strings.Contains(line, "invalid")
		})
		if err != nil || bad {
			g.Fatalf("%s: git fsck: %v\n%s", repo, err, out)
		}
		g.must(g.path(repo), "git", "for-each-ref", "--format=%(objecttype) %(tree)")
	}
}

// quiet waits until each git below the folder has ended by itself, a push whose runner is gone among them: while one
// writes, git fsck meets references to objects that it did not list. A look that sees none may have missed a child that
// was just being started, so two in a row count.
func (g ground) quiet() {
	g.Helper()
	for idle := 0; idle < 2; time.Sleep(5 * time.Millisecond) {
		idle++
		dirs, err := filepath.Glob("/proc/[0-9]*")
		g.check(err)
		for _, d := range dirs {
			cwd, err := os.Readlink(filepath.Join(d, "cwd"))
			p, ok := readProcess(d)
			if err == nil && ok && strings.HasPrefix(cwd+"/", g.dir+"/") && strings.HasPrefix(filepath.Base(p.argv[0]), "git") {
				idle = 0
			}
		}
	}
}

// ageLocks plays the time after which lock files that a killed git tore may be taken for orphans.
func (g ground) ageLocks(machine string) {
	g.Helper()
	root := g.path(machine, ".git")
	old := func(path string, age time.Duration) {
		at := time.Now().Add(-age)
		g.check(os.Chtimes(path, at, at))
	}
	g.check(filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".lock") && !d.IsDir() {
			old(path, 2*time.Minute)
		}
		return err
	}))
	guards, err := filepath.Glob(filepath.Join(root, "ringfence", "refs*"))
	g.check(err)
	for _, file := range guards {
		old(file, 3*time.Minute)
	}
}
