package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ringfence/ringfence/internal/transport/sshtest"
	"github.com/ringfence/ringfence/providers"
)

// echo answers with the line that it was given.
func echo(line string, stdout, stderr io.Writer) int {
	io.WriteString(stdout, line)
	io.WriteString(stderr, "to stderr")
	return 3
}

func TestRunReturnsWhatTheCommandDid(t *testing.T) {
	s := sshtest.NewServer(t, echo)
	out, err := connect(t, s).Run(context.Background(), []string{"echo", "it's"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(out.Stdout); got != `'echo' 'it'\''s'` {
		t.Errorf("stdout %q", got)
	}
	if string(out.Stderr) != "to stderr" || out.ExitCode != 3 || out.Truncated {
		t.Errorf("got %+v", out)
	}
	if users := s.Users(); !slices.Contains(users, "patch") {
		t.Errorf("logged in as %q", users)
	}
}

func TestOneConnectionServesManyCommands(t *testing.T) {
	s := sshtest.NewServer(t, echo)
	c := connect(t, s)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			word := fmt.Sprintf("n%d", i)
			out, err := c.Run(context.Background(), []string{word}, Options{})
			if err != nil || string(out.Stdout) != "'"+word+"'" {
				t.Errorf("%s: got %q, %v", word, out.Stdout, err)
			}
		})
	}
	all.Wait()
	if logins := len(s.Users()); logins > 2 { // "none", which asks what is possible, and the key
		t.Errorf("%d logins for one connection", logins)
	}
}

// Both outputs arrive whole although they are written at the same time, which one shared buffer would not survive.
func TestOutputsAreSeparateAndWhole(t *testing.T) {
	const size = 3 << 20
	s := sshtest.NewServer(t, func(_ string, stdout, stderr io.Writer) int {
		var both sync.WaitGroup
		both.Go(func() { stdout.Write(bytes.Repeat([]byte("o"), size)) })
		both.Go(func() { stderr.Write(bytes.Repeat([]byte("e"), size)) })
		both.Wait()
		return 0
	})
	out, err := connect(t, s).Run(context.Background(), []string{"x"}, Options{MaxOutput: size})
	if err != nil || out.Truncated {
		t.Fatal(out.Truncated, err)
	}
	if bytes.Count(out.Stdout, []byte("o")) != size || bytes.Count(out.Stderr, []byte("e")) != size {
		t.Errorf("got %d and %d bytes", len(out.Stdout), len(out.Stderr))
	}
}

func TestOutputIsBounded(t *testing.T) {
	s := sshtest.NewServer(t, func(_ string, stdout, _ io.Writer) int {
		io.WriteString(stdout, strings.Repeat("x", 5000))
		return 0
	})
	out, err := connect(t, s).Run(context.Background(), []string{"x"}, Options{MaxOutput: 1000})
	if err != nil || len(out.Stdout) != 1000 || !out.Truncated {
		t.Errorf("got %d bytes, truncated %v, %v", len(out.Stdout), out.Truncated, err)
	}
}

func TestRefusedArgvReachesNoHost(t *testing.T) {
	s := sshtest.NewServer(t, echo)
	_, err := connect(t, s).Run(context.Background(), []string{"echo", "a\nb"}, Options{})
	if !errors.Is(err, providers.ErrRefused) || len(s.Commands()) != 0 {
		t.Errorf("got %v, commands %q", err, s.Commands())
	}
}

func TestACommandEndedBySignal(t *testing.T) {
	s := sshtest.NewServer(t, func(string, io.Writer, io.Writer) int { return sshtest.Killed })
	out, err := connect(t, s).Run(context.Background(), []string{"x"}, Options{})
	if err != nil || out.ExitCode != 137 {
		t.Errorf("got %d, %v", out.ExitCode, err)
	}
}

func TestCancelWhileACommandRuns(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	release := make(chan struct{})
	s := sshtest.NewServer(t, func(string, io.Writer, io.Writer) int {
		cancel()
		<-release
		return 0
	})
	defer close(release)
	c := connect(t, s)
	_, err := c.Run(ctx, []string{"x"}, Options{})
	if !errors.Is(err, providers.ErrLost) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	_, err = c.Run(context.Background(), []string{"y"}, Options{})
	if !errors.Is(err, ErrUnreachable) || len(s.Commands()) != 1 {
		t.Errorf("afterwards got %v, commands %q", err, s.Commands())
	}
}

func TestCancelBeforeACommandStarts(t *testing.T) {
	s := sshtest.NewServer(t, echo)
	c := connect(t, s)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Run(ctx, []string{"x"}, Options{}); errors.Is(err, providers.ErrLost) || !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	if len(s.Commands()) != 0 {
		t.Errorf("the host was asked for %q", s.Commands())
	}
	if _, err := c.Run(context.Background(), []string{"y"}, Options{}); err != nil {
		t.Errorf("what was never started has cost the connection: %v", err)
	}
}

func TestADialerServesOneTenant(t *testing.T) {
	s := sshtest.NewServer(t, echo)
	d := newWorld(t, s.KnownHosts()).withKey().dialer()
	_, err := d.Dial(context.Background(), Target{Tenant: "rival", Name: "web-1", Address: s.Addr()})
	if !errors.Is(err, ErrConfig) || len(s.Users()) != 0 {
		t.Errorf("got %v, logins %q", err, s.Users())
	}
}
