//go:build linux

package lab

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWithoutRoot runs some of these tests again as nobody, who gets a range of subordinate ids for the occasion.
func TestWithoutRoot(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what runs the other tests a second time")
	}
	Require(t)
	if inUserNamespace() {
		t.Skip("these tests run without root already")
	}
	if err := tools(userTools); err != nil {
		t.Skipf("nobody gets its range of ids by these programs: %v", err)
	}
	dir := lendTo(t, "nobody")
	cmd := exec.Command("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
		filepath.Join(dir, "test"), "-test.v", "-test.run=^Test(Pending|BrokenPackages|Reboot|StopAndStart|Users|Locked)")
	cmd.Dir = "/"
	cmd.Env = append(outerEnv(), "LAB_DIR="+filepath.Join(dir, "lab"), "LAB_REQUIRED=1", "HOME="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "--- SKIP") {
		t.Errorf("%v\n%s", err, out)
	}
}

// lendTo makes a folder in which user finds the test binary and the lab, and gives the user subordinate ids. The
// mounts are in the namespace of these tests alone.
func lendTo(t *testing.T, user string) string {
	dir := t.TempDir()
	for d := dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		ok(t, os.Chmod(d, 0o755))
	}
	self, err := os.ReadFile("/proc/self/exe")
	ok(t, err)
	ok(t, put(filepath.Join(dir, "test"), self, 0o755))
	ids := filepath.Join(dir, "ids")
	ok(t, put(ids, []byte(user+":200000:65536\n"), 0o644))
	bind(t, ids, "/etc/subuid")
	bind(t, ids, "/etc/subgid")
	ok(t, os.Mkdir(filepath.Join(dir, "lab"), 0o755))
	bind(t, Dir(), filepath.Join(dir, "lab"))
	return dir
}

func bind(t *testing.T, from, to string) {
	t.Helper()
	ok(t, syscall.Mount(from, to, "", syscall.MS_BIND, ""))
	t.Cleanup(func() { ok(t, syscall.Unmount(to, syscall.MNT_DETACH)) })
}

// outerEnv is an environment in which a program does not take itself for being inside.
func outerEnv() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, stageVar+"=") {
			env = append(env, e)
		}
	}
	return env
}

// TestVictim is the program that the next tests start; it stands inside with two hosts until it is killed.
func TestVictim(t *testing.T) {
	if os.Getenv("LAB_TEST_VICTIM") == "" {
		t.Skip("only as a child of TestKilledWithEverything")
	}
	up(t, 2)
	os.Stdout.WriteString("standing\n")
	time.Sleep(time.Minute)
}

func TestKilledWithEverything(t *testing.T) {
	Require(t)
	before := processes(t)
	mounts, links := read(t, "/proc/self/mountinfo"), read(t, "/proc/net/dev")
	cmd, said := victim(t)
	for line := ""; line != "standing\n"; {
		var err error
		line, err = said.ReadString('\n')
		ok(t, err)
	}
	if n := processes(t); n < before+8 {
		t.Fatalf("%d processes, %d before: the hosts are not there", n, before)
	}
	ok(t, cmd.Process.Kill())
	cmd.Wait()
	asBefore(t, before)
	if now := read(t, "/proc/self/mountinfo"); now != mounts {
		t.Errorf("mounts were left:\n%s", now)
	}
	if now := read(t, "/proc/net/dev"); strings.Count(now, "\n") != strings.Count(links, "\n") {
		t.Errorf("links were left:\n%s", now)
	}
}

func victim(t *testing.T) (*exec.Cmd, *bufio.Reader) {
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestVictim$")
	cmd.Env = append(outerEnv(), "LAB_TEST_VICTIM=1", "LAB_REQUIRED=1")
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	ok(t, cmd.Start())
	return cmd, bufio.NewReader(r)
}

// asBefore waits until there are no more processes than before; somebody still has to collect those that ended.
func asBefore(t *testing.T, before int) {
	t.Helper()
	for start := time.Now(); processes(t) > before; time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > patience {
			out, _ := exec.Command("ps", "-ef").Output()
			t.Fatalf("%d processes, %d before\n%s", processes(t), before, out)
		}
	}
}

// processes counts what runs in our pid namespace and below.
func processes(t *testing.T) int {
	found, err := filepath.Glob("/proc/[0-9]*")
	ok(t, err)
	return len(found)
}

func read(t *testing.T, path string) string {
	text, err := os.ReadFile(path)
	ok(t, err)
	return string(text)
}

func TestDownLeavesNothing(t *testing.T) {
	Require(t)
	mounts, links, before := read(t, "/proc/self/mountinfo"), read(t, "/proc/net/dev"), processes(t)
	l, err := Up(t.Context(), Config{Hosts: 3})
	ok(t, err)
	release, err := l.Host(2).LockDpkg(t.Context(), time.Minute)
	ok(t, err)
	ok(t, l.Down())
	release()
	ok(t, l.Down())
	if read(t, "/proc/self/mountinfo") != mounts || strings.Count(read(t, "/proc/net/dev"), "\n") != strings.Count(links, "\n") {
		t.Error("mounts or links were left")
	}
	asBefore(t, before)
	at, err := layoutOf("")
	ok(t, err)
	if left, _ := os.ReadDir(at.run()); len(left) > 0 && left[0].Name() != "root" {
		t.Errorf("left in the run folder: %v", left)
	}
}
