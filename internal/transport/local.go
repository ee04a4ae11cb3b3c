//go:build unix

package transport

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"

	"github.com/ringfence/ringfence/providers"
)

// Local runs commands on this machine: for runners that patch themselves, and for tests of everything above.
// Login is the name of the user that this process runs as.
type Local struct {
	Login string
	Home  string
}

var _ Dialer = Local{}

// Dial never fails: there is nothing to connect to.
func (l Local) Dial(context.Context, Target) (Conn, error) { return localConn{l}, nil }

type localConn struct{ Local }

// User is who this process runs as.
func (c localConn) User() string { return c.Login }

// Close does nothing.
func (c localConn) Close() error { return nil }

// Run starts argv without a shell, in a process group of its own, with a minimal environment and nothing to read.
// A program that does not exist gives exit code 127 and one that may not be run 126, as a remote shell says it.
func (c localConn) Run(ctx context.Context, argv []string, opt Options) (providers.Output, error) {
	if _, err := quote(argv); err != nil { // the same words are refused as on a remote host
		return providers.Output{}, fmt.Errorf("%w: %w", providers.ErrRefused, err)
	}
	opt = opt.withDefaults()
	ctx, cancel := context.WithTimeoutCause(ctx, opt.Timeout, fmt.Errorf("no answer within %s: %w", opt.Timeout, context.DeadlineExceeded))
	defer cancel()
	s := newStreams(opt.MaxOutput)
	cmd, err := c.command(ctx, argv)
	if err == nil {
		cmd.Stdout, cmd.Stderr = &s.out, &s.err
		err = cmd.Start()
	}
	if err != nil {
		return notRunnable(ctx, argv[0], err)
	}
	return finish(ctx, cmd, s)
}

const localPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func (c localConn) command(ctx context.Context, argv []string) (*exec.Cmd, error) {
	program, err := lookup(argv[0])
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, argv[1:]...)
	cmd.Args[0] = argv[0]
	cmd.Env = []string{"PATH=" + localPath, "HOME=" + c.Home, "USER=" + c.Login, "LOGNAME=" + c.Login}
	cmd.Dir = "/"
	cmd.WaitDelay = outputGrace
	ownGroup(cmd)
	return cmd, nil
}

// finish waits for the command. Any other error than its exit code concerns its output, which is then not whole: a
// service that it started may hold the pipe open, or it printed too much.
func finish(ctx context.Context, cmd *exec.Cmd, s *streams) (providers.Output, error) {
	err := cmd.Wait()
	if err != nil && context.Cause(ctx) != nil || cmd.ProcessState == nil {
		return providers.Output{}, lost(ctx, err)
	}
	out := s.output(status(cmd.ProcessState))
	out.Truncated = out.Truncated || err != nil && !errors.As(err, new(*exec.ExitError))
	return out, nil
}

func notRunnable(ctx context.Context, program string, err error) (providers.Output, error) {
	switch {
	case context.Cause(ctx) != nil:
		return providers.Output{}, fmt.Errorf("%w: %w", ErrUnreachable, context.Cause(ctx))
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, exec.ErrNotFound):
		return providers.Output{ExitCode: 127, Stderr: []byte(program + ": not found\n")}, nil
	case errors.Is(err, os.ErrPermission):
		return providers.Output{ExitCode: 126, Stderr: []byte(program + ": permission denied\n")}, nil
	}
	return providers.Output{}, fmt.Errorf("%w: start %s: %w", ErrUnreachable, program, err)
}
