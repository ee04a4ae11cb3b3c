//go:build linux

package killloop

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/programfile"
)

// points is a folder through which a harness counts a runner's I/O points and stops it at one of them. A point is a
// call of git, counted by a script of that name early in PATH, or an installation on a host, counted by the host's
// provider. Whoever reaches the point that file "at" names says so in the pipe "reached" and waits to be killed.
type points string

func (p points) file(name string) string { return filepath.Join(string(p), name) }

// moment says when at a point the runner is killed.
type moment string

const (
	before moment = "before"
	torn   moment = "torn" // while it happens
	after  moment = "after"
	cut    moment = "journal torn" // before it, while the journal's last entry was written
)

// point is one I/O point as its doer sees it.
type point struct {
	points
	struck moment // "" when nobody strikes here
}

// next counts one more point.
func (p points) next(what string) point {
	if p == "" {
		return point{}
	}
	raw, _ := os.ReadFile(p.file("count"))
	n, _ := strconv.Atoi(strings.TrimSpace(string(raw)))
	n++
	_ = os.WriteFile(p.file("count"), fmt.Appendln(nil, n), 0o644)
	if f, err := os.OpenFile(p.file("log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644); err == nil {
		fmt.Fprintln(f, n, p.journal(), what)
		_ = f.Close()
	}
	at, _ := os.ReadFile(p.file("at"))
	struck, found := strings.CutPrefix(string(at), fmt.Sprintf("%d ", n))
	if !found {
		return point{}
	}
	return point{p, moment(strings.TrimSpace(struck))}
}

func (p point) before() {
	if p.struck == before {
		p.reach()
		select {}
	}
}

func (p point) during() {
	if p.struck == torn {
		p.reach()
	}
}

func (p point) after() {
	if p.struck == after {
		p.reach()
		select {}
	}
}

func (p point) reach() { _ = os.WriteFile(p.file("reached"), []byte("x"), 0) }

// shim is the git that counts. Descriptors are passed on, above all the one that carries the guard's kernel lock.
const shim = `#!/bin/sh
read -r n <"POINTS/count"
n=$((n+1))
echo $n >"POINTS/count"
verb=
for a; do case $a in -c|-*|*=*) ;; *) verb=$a; break;; esac; done
echo "$n $(cat POINTS/journal/*.log 2>/dev/null | wc -c) git $verb" >>"POINTS/log"
read -r at moment <"POINTS/at"
[ "$n" = "$at" ] || exec GIT "$@"
case $moment in
before) echo >"POINTS/reached"; exec sleep 1000 ;;
torn) echo >"POINTS/reached"; exec GIT "$@" ;;
after) GIT "$@"; echo >"POINTS/reached"; exec sleep 1000 ;;
esac
`

// newPoints makes the folder and the script, which is in folder bin.
func newPoints(t *testing.T, dir string) points {
	t.Helper()
	p := points(filepath.Join(dir, "points"))
	git, err := exec.LookPath("git")
	if err == nil {
		err = os.MkdirAll(p.file("bin"), 0o755)
	}
	if err == nil {
		script := strings.NewReplacer("POINTS", string(p), "GIT", git).Replace(shim)
		err = programfile.Write(p.file("bin/git"), []byte(script))
	}
	if err == nil {
		err = syscall.Mkfifo(p.file("reached"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.arm(t, 0, "")
	return p
}

// arm begins to count anew, and strikes at a point; 0: at none.
func (p points) arm(t *testing.T, n int, m moment) {
	t.Helper()
	err := errors.Join(
		os.WriteFile(p.file("count"), []byte("0\n"), 0o644),
		os.WriteFile(p.file("log"), nil, 0o644),
		os.WriteFile(p.file("at"), fmt.Appendf(nil, "%d %s\n", n, m), 0o644))
	if err != nil {
		t.Fatal(err)
	}
}

// reached is a point as it was counted.
type reached struct {
	n       int
	journal int // bytes
	what    string
}

// all are the points that were reached since arm, in order.
func (p points) all(t *testing.T) []reached {
	t.Helper()
	raw, err := os.ReadFile(p.file("log"))
	if err != nil {
		t.Fatal(err)
	}
	var out []reached
	for line := range strings.Lines(string(raw)) {
		var r reached
		if _, err := fmt.Sscan(line, &r.n, &r.journal); err != nil || r.n != len(out)+1 {
			t.Fatalf("point %d: %q: %v; was something counted twice?", len(out)+1, line, err)
		}
		r.what = strings.TrimSpace(strings.SplitN(line, " ", 3)[2])
		out = append(out, r)
	}
	return out
}

// watch says whose journal is looked at.
func (p points) watch(t *testing.T, clone string) {
	t.Helper()
	_ = os.Remove(p.file("journal"))
	if err := os.Symlink(filepath.Join(clone, ".git", "ringfence", "journal"), p.file("journal")); err != nil {
		t.Fatal(err)
	}
}

// journals are the watched runner's journals; journal is their size.
func (p points) journals() []string {
	files, _ := filepath.Glob(p.file("journal/*.log"))
	return files
}

func (p points) journal() int {
	n := 0
	for _, f := range p.journals() {
		if info, err := os.Stat(f); err == nil {
			n += int(info.Size())
		}
	}
	return n
}

// strikeAt starts a command and kills it and all its children once it reaches the point, after a delay. struck is false
// when it ended before.
func (p points) strikeAt(t *testing.T, c *exec.Cmd, delay time.Duration) (struck bool) {
	t.Helper()
	pipe, err := os.OpenFile(p.file("reached"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }()
	reached := make(chan struct{})
	go func() {
		if n, _ := pipe.Read(make([]byte, 1)); n > 0 {
			close(reached)
		}
	}()
	select {
	case <-reached:
		time.Sleep(delay)
		killNow(c.Process.Pid, everything)
		<-ended
		return true
	case <-ended:
		_, _ = pipe.WriteString("x") // ends the reader
		return false
	}
}
