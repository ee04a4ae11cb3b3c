package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/transport/sshtest"
	"github.com/ringfence/ringfence/providers"
)

// A host that misbehaves before the login is unreachable or refuses us; it never gets a command and never hangs us.
func TestHostileServersAtLogin(t *testing.T) {
	tests := map[string]struct {
		option sshtest.Option
		want   error
		says   string
	}{
		"10 MB of banner lines": {sshtest.Preamble(10_000, strings.Repeat("x", 1022)+"\r\n"), ErrUnreachable, ""},
		"10 MB in one line":     {sshtest.Preamble(1, strings.Repeat("x", 10<<20)), ErrUnreachable, ""},
		"short lines for ever":  {sshtest.Preamble(1<<20, "x\r\n"), ErrUnreachable, ""},
		"silence":               {sshtest.Silent(), ErrUnreachable, "deadline"},
		"not SSH at all":        {sshtest.Preamble(1, "HTTP/1.1 400 Bad Request\r\n\r\nSSH-1.0-x\r\n"), ErrUnreachable, ""},
		"weak algorithms only":  {sshtest.Weak(), ErrUnreachable, "diffie-hellman-group1-sha1"},
		"prompts without end":   {sshtest.Prompts(), ErrAuth, ""},
		"no key is good enough": {sshtest.Authorize(), ErrAuth, "with 1 keys"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := sshtest.NewServer(t, echo, tt.option)
			w := newWorld(t, s.KnownHosts()).withKey()
			if name == "silence" { // all others must end by themselves
				w.cfg.HandshakeTimeout = 200 * time.Millisecond
			}
			_, err := w.dial(s.Addr())
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
			if len(err.Error()) > 1000 {
				t.Errorf("the host's words fill %d bytes of the error", len(err.Error()))
			}
			if len(s.Commands()) != 0 {
				t.Errorf("the host was asked for %q", s.Commands())
			}
		})
	}
}

func TestALongBannerIsBounded(t *testing.T) {
	s := sshtest.NewServer(t, echo, sshtest.Banner(strings.Repeat("Welcome! ", 10<<20/9)))
	if _, err := newWorld(t, s.KnownHosts()).withKey().dial(s.Addr()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}

// No single packet is too long here; only their sum is.
func TestManyBannersAreBounded(t *testing.T) {
	s := sshtest.NewServer(t, echo, sshtest.Refusals(200_000))
	w := newWorld(t, s.KnownHosts())
	var paths []string
	for i := range 10 {
		path, _ := w.key(fmt.Sprint(i), "")
		paths = append(paths, path)
	}
	w.env["SSH_AUTH_SOCK"] = w.startAgent("", paths...)
	if _, err := w.dial(s.Addr()); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "1 MiB") {
		t.Errorf("got %v", err)
	}
}

func TestABannerIsNoError(t *testing.T) {
	s := sshtest.NewServer(t, echo, sshtest.Banner("Authorised use only\n\x1b[31m"))
	connect(t, s)
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s := sshtest.NewServer(t, echo)
	known := bytes.ReplaceAll(s.KnownHosts(), []byte(portOf(s.Addr())), []byte(portOf(address)))
	if _, err := newWorld(t, known).withKey().dial(address); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
}

func portOf(address string) string { return address[strings.LastIndex(address, ":")+1:] }

// What a host does after the command was sent decides between "nothing happened" and "nobody knows".
func TestHostileServersAtCommands(t *testing.T) {
	tests := map[string]struct {
		handler   sshtest.Handler
		option    sshtest.Option
		opt       Options
		want      error
		truncated bool
	}{
		"no status":            {handler: outcome(sshtest.NoStatus), want: providers.ErrLost},
		"cut while it runs":    {handler: outcome(sshtest.Cut), want: providers.ErrLost},
		"cut before an answer": {handler: echo, option: sshtest.CutOnExec(), want: providers.ErrLost},
		"refuses commands":     {handler: echo, option: sshtest.NoExec(), want: ErrUnreachable},
		"hangs":                {handler: hang, opt: Options{Timeout: 200 * time.Millisecond}, want: providers.ErrLost},
		"endless output":       {handler: endless, want: providers.ErrLost},
		"cut after the status": {handler: outcome(sshtest.StatusThenCut), truncated: true},
		"output stays open":    {handler: outcome(sshtest.StatusThenNap), truncated: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var options []sshtest.Option
			if tt.option != nil {
				options = append(options, tt.option)
			}
			c := connect(t, sshtest.NewServer(t, tt.handler, options...))
			c.(*conn).grace = 200 * time.Millisecond
			out, err := c.Run(context.Background(), []string{"x"}, tt.opt)
			if !errors.Is(err, tt.want) || out.Truncated != tt.truncated {
				t.Errorf("got %+v, %v", out, err)
			}
		})
	}
}

func outcome(code int) sshtest.Handler {
	return func(_ string, stdout, _ io.Writer) int {
		io.WriteString(stdout, "half of it")
		return code
	}
}

// hang prints nothing and waits for the connection to go, which an unread output tells it.
func hang(_ string, stdout, _ io.Writer) int {
	for {
		if _, err := stdout.Write(nil); err != nil {
			return 0
		}
		if _, err := io.WriteString(stdout, " "); err != nil {
			return 0
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func endless(_ string, stdout, _ io.Writer) int {
	block := bytes.Repeat([]byte("all work and no play\n"), 1000)
	for {
		if _, err := stdout.Write(block); err != nil {
			return 0
		}
	}
}

// A link that died without a word is noticed although the command is silent and has an hour left.
func TestADeadLinkIsNoticed(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := sshtest.NewServer(t, func(string, io.Writer, io.Writer) int { <-release; return 0 }, sshtest.Deaf())
	w := newWorld(t, s.KnownHosts()).withKey()
	w.cfg.KeepAlive = 20 * time.Millisecond
	if _, err := w.mustDial(s.Addr()).Run(context.Background(), []string{"x"}, Options{}); !errors.Is(err, providers.ErrLost) {
		t.Errorf("got %v", err)
	}
}
