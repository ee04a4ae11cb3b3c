//go:build linux

package killloop

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// service is a runner that looks again and again, as on a machine of its own.
type service struct {
	*exec.Cmd
	a       *arena
	machine string
	said    strings.Builder // its complaints; whole once it is over
	starts  chan struct{}   // one for each action that it says it starts
	over    chan struct{}
}

// serve starts a runner on a machine with a clone of its own.
func (a *arena) serve(machine string, args ...string) *service {
	a.Helper()
	return a.begin(machine, append(args, "--wait", "--every", "1s")...)
}

// begin starts a command and follows what it says.
func (a *arena) begin(machine string, args ...string) *service {
	a.Helper()
	c := a.command(machine, args...)
	out, err := a.pipe(c)
	a.check(err)
	s := &service{Cmd: c, a: a, machine: machine, starts: make(chan struct{}, 1), over: make(chan struct{})}
	go s.follow(out)
	return s
}

// pipe starts a command and returns its stdout.
func (a *arena) pipe(c *exec.Cmd) (io.Reader, error) {
	c.Stdout = nil
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	a.Cleanup(func() { killNow(c.Process.Pid, everything) })
	return out, c.Start()
}

// follow reads all that the runner says and keeps what it complains about.
func (s *service) follow(out io.Reader) {
	defer close(s.over)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		switch line := lines.Text(); {
		case strings.Contains(line, `"status":"started"`):
			select {
			case s.starts <- struct{}{}:
			default:
			}
		case strings.Contains(line, `"diagnostic"`):
			s.said.WriteString(line + "\n")
		}
	}
	_ = s.Wait()
	fmt.Fprint(&s.said, s.Stderr)
}

// pause stops the runner alone for a while: what it started on hosts goes on.
func (s *service) pause(d time.Duration) {
	s.a.note("%s: stopped for %s", s.machine, d)
	_ = syscall.Kill(s.Process.Pid, syscall.SIGSTOP)
	time.Sleep(d)
	_ = syscall.Kill(s.Process.Pid, syscall.SIGCONT)
}

// end asks the runner to end at a safe point and waits for it.
func (s *service) end() {
	_ = syscall.Kill(s.Process.Pid, syscall.SIGTERM)
	<-s.over
	s.a.note("%s: exit %d; it said\n%s", s.machine, s.ProcessState.ExitCode(), s.said.String())
	s.a.sane(s.ProcessState.ExitCode(), s.said.String())
}

// kill ends the runner and all that it started.
func (s *service) kill() {
	killNow(s.Process.Pid, everything)
	<-s.over
	s.a.note("%s: killed", s.machine)
}
