//go:build linux

package killloop

import (
	"bufio"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// victim is what a kill takes away.
type victim string

const (
	everything victim = "everything" // the runner and all its children at once, as a power cut does
	runnerOnly victim = "runner"     // the runner alone, as the OOM killer does
	gitOnly    victim = "git"        // a git that the runner waits for
	pluginOnly victim = "plugin"     // a provider's process
)

// blow is one kill: after a time, or after so many events of the stream that contain a text and then a time.
type blow struct {
	victim victim
	events int
	which  string
	delay  time.Duration
}

func newBlow(r *rand.Rand, pace time.Duration) blow {
	b := blow{victim: everything, delay: time.Duration(r.Int64N(int64(800 * time.Millisecond)))}
	switch n := r.IntN(20); {
	case n < 3:
		b.victim = runnerOnly
	case n < 6:
		b.victim = gitOnly
	case n < 9:
		b.victim = pluginOnly
	}
	switch r.IntN(4) {
	case 0: // anywhere
		b.events, b.delay = 1+r.IntN(24), time.Duration(r.Int64N(int64(pace)))
	case 1: // around the records of a run and what happens on hosts
		b.which = []string{`"type":"action"`, `"phase":"intent"`, `"type":"record"`}[r.IntN(3)]
		b.events, b.delay = 1+r.IntN(3), time.Duration(r.Int64N(int64(pace)))
	}
	return b
}

// strike starts a command whose stdout is the event stream and kills as b says. struck is false when the command
// ended before.
func strike(c *exec.Cmd, b blow) (struck bool, err error) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r, w, err := os.Pipe()
	if err != nil {
		return false, err
	}
	defer r.Close()
	c.Stdout = w
	err = c.Start()
	w.Close()
	if err != nil {
		return false, err
	}
	ended := make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }()
	reached := make(chan struct{})
	go follow(r, b, reached)
	select {
	case <-reached:
	case <-ended:
		return false, nil
	}
	select {
	case <-time.After(b.delay):
		struck = kill(c.Process.Pid, b.victim, ended)
	case <-ended:
	}
	<-ended
	return struck, nil
}

// follow closes reached after the events of a blow and reads on, lest the program waits for its reader.
func follow(r *os.File, b blow, reached chan<- struct{}) {
	if b.events == 0 {
		close(reached)
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for n := 0; lines.Scan(); {
		if !strings.Contains(lines.Text(), b.which) {
			continue
		}
		if n++; n == b.events {
			close(reached)
		}
	}
}

// kill ends the victim. A git or a plugin may have to be waited for until the runner starts one.
func kill(pid int, v victim, ended <-chan struct{}) bool {
	for {
		select {
		case <-ended:
			return false
		default:
		}
		if killNow(pid, v) {
			return true
		}
		time.Sleep(500 * time.Microsecond)
	}
}

func killNow(pid int, v victim) bool {
	if v == runnerOnly {
		return syscall.Kill(pid, syscall.SIGKILL) == nil
	}
	if v == everything {
		_ = syscall.Kill(pid, syscall.SIGSTOP) // lest it starts children while they are counted
		for _, p := range children(pid) {
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		}
		return syscall.Kill(pid, syscall.SIGKILL) == nil
	}
	for _, p := range children(pid) {
		if p.is(v) && syscall.Kill(p.pid, syscall.SIGKILL) == nil {
			return true
		}
	}
	return false
}

type process struct {
	pid, parent int
	argv        []string
}

func (p process) is(v victim) bool {
	if v == gitOnly {
		return filepath.Base(p.argv[0]) == "git"
	}
	return slices.Contains(p.argv, "serve")
}

// remoteSide says that a process is Git's end on the remote. It is another machine's: it hears of a dead runner only
// by the end of its input.
func (p process) remoteSide() bool {
	text := strings.Join(p.argv, " ")
	return strings.Contains(text, "receive-pack") || strings.Contains(text, "upload-pack")
}

// children lists all that a process started, directly or not, but not the remote's side.
func children(of int) []process {
	var all, out []process
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		if p, ok := readProcess(d); ok {
			all = append(all, p)
		}
	}
	todo := []int{of}
	for len(todo) > 0 {
		parent := todo[0]
		todo = todo[1:]
		for _, p := range all {
			if p.parent == parent && !p.remoteSide() {
				out, todo = append(out, p), append(todo, p.pid)
			}
		}
	}
	return out
}

func readProcess(dir string) (process, bool) {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	line, errLine := os.ReadFile(filepath.Join(dir, "cmdline"))
	_, rest, ok := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if err != nil || errLine != nil || !ok || len(fields) < 2 {
		return process{}, false
	}
	pid, err := strconv.Atoi(filepath.Base(dir))
	parent, errParent := strconv.Atoi(fields[1])
	return process{pid, parent, strings.Split(string(line), "\x00")}, err == nil && errParent == nil
}
