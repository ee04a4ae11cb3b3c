package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-plugin/runner"
)

// process runs the provider in a group of its own and keeps hold of it: whatever way it ends, the rest of its group
// is killed before its number can be used again, and its output cannot keep anyone waiting.
type process struct {
	cmd  *exec.Cmd
	dir  string // the only place for its socket
	reap func() error

	stdout, stderr *os.File
	stdin          *os.File // never written: its end tells the provider that the core is gone

	mu      sync.Mutex
	started bool
	killed  bool
	done    chan struct{} // closed when the process has ended and its group was killed
	heard   chan struct{} // closed when all that it printed was read, at the latest a drain after done
	hear    func()
}

var _ runner.Runner = (*process)(nil)

// drain is how long output may still arrive after the process has ended.
const drain = time.Second

func newProcess(cmd *exec.Cmd, dir string) *process {
	p := &process{cmd: cmd, dir: dir, reap: sync.OnceValue(cmd.Wait), done: make(chan struct{}), heard: make(chan struct{})}
	p.hear = sync.OnceFunc(func() { close(p.heard) })
	return p
}

func (p *process) Start(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return errors.New("the start was given up")
	}
	theirs, err := p.pipes()
	defer func() {
		for _, f := range theirs {
			_ = f.Close()
		}
	}()
	if err != nil {
		return err
	}
	isolate(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return errors.Join(err, p.stdin.Close(), p.stdout.Close(), p.stderr.Close())
	}
	p.started = true
	go p.watch()
	return nil
}

// pipes connects the standard streams and returns the ends that belong to the child.
func (p *process) pipes() ([]*os.File, error) {
	inR, inW, err1 := os.Pipe()
	outR, outW, err2 := os.Pipe()
	errR, errW, err3 := os.Pipe()
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = inR, outW, errW
	p.stdin, p.stdout, p.stderr = inW, outR, errR
	return []*os.File{inR, outW, errW}, errors.Join(err1, err2, err3)
}

func (p *process) watch() {
	awaitExit(p)
	p.mu.Lock()
	killGroup(p.cmd)
	close(p.done)
	p.mu.Unlock()
	_ = p.stdin.Close()
	time.Sleep(drain)
	_ = p.stdout.Close()
	_ = p.stderr.Close()
}

// Wait reaps the process after its group was killed. go-plugin calls it once it has read both outputs to their end.
func (p *process) Wait(context.Context) error {
	p.hear()
	<-p.done
	return p.reap()
}

// Kill ends the whole group. It may be called at any time, by anyone, more than once.
func (p *process) Kill(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	select {
	case <-p.done:
	default:
		if p.started {
			killGroup(p.cmd)
		}
	}
	return nil
}

// exitedWithin says whether the process ends in that time; the end of a connection is seen before that of a process. Its
// last words were read then: they are the ones that say why it ended.
func (p *process) exitedWithin(d time.Duration) bool {
	select {
	case <-p.done:
		<-p.heard
		return true
	case <-time.After(d):
		return false
	}
}

// how says how an ended process ended.
func (p *process) how() string {
	if err := p.reap(); err != nil {
		return err.Error()
	}
	return "it exited"
}

func (p *process) Stdout() io.ReadCloser           { return p.stdout }
func (p *process) Stderr() io.ReadCloser           { return p.stderr }
func (p *process) Name() string                    { return p.cmd.Path }
func (p *process) Diagnose(context.Context) string { return "" }

func (p *process) ID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.started {
		return ""
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

// PluginToHost refuses every address but a socket in the private folder: the core must not be talked into connecting
// elsewhere.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	if runtime.GOOS == "windows" {
		return network, address, nil // loopback TCP; mutual TLS is the guard
	}
	inside := filepath.Dir(filepath.Dir(filepath.Clean(address))) == p.dir
	if network != "unix" || !inside {
		return "", "", fmt.Errorf("it listens on %s %q, outside its folder", network, address)
	}
	return network, address, nil
}

// HostToPlugin changes nothing: both processes see the same files.
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
