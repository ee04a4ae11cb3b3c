package transport

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ringfence/ringfence/providers"
)

// inDoubt: a command that may change the host was started, and its exit status never came or has not come yet.
func inDoubt(b *Broker) bool {
	return slices.ContainsFunc(b.Journal(), func(r Ran) bool { return r.Mutates && r.Lost })
}

// script is a connection that answers with what the test says.
type script struct {
	user   string
	answer func(argv []string) (providers.Output, error)
	mu     sync.Mutex
	argv   [][]string
	opt    Options
}

func (s *script) Run(_ context.Context, argv []string, opt Options) (providers.Output, error) {
	s.mu.Lock()
	s.argv, s.opt = append(s.argv, argv), opt
	s.mu.Unlock()
	if s.answer == nil {
		return providers.Output{}, nil
	}
	return s.answer(argv)
}

func (s *script) User() string { return s.user }
func (s *script) Close() error { return nil }

var aptLike = providers.Description{Name: "apt", Commands: []providers.Command{
	{Name: "install", Argv: []string{"apt-get", "install", "--", "{package}"}, Root: true, Mutates: true},
	{Name: "list", Argv: []string{"dpkg-query", "-W"}},
}}

var openssl = map[string][]string{"package": {"openssl"}}

func says(code int, stdout, stderr string) func([]string) (providers.Output, error) {
	return func([]string) (providers.Output, error) {
		return providers.Output{Stdout: []byte(stdout), Stderr: []byte(stderr), ExitCode: code}, nil
	}
}

func fails(err error) func([]string) (providers.Output, error) {
	return func([]string) (providers.Output, error) { return providers.Output{}, fmt.Errorf("web-1: %w", err) }
}

func TestBrokerRunsOnlyTheAllowList(t *testing.T) {
	for name, args := range map[string]map[string][]string{
		"install": {"package": {"-oDpkg::Pre-Invoke=id"}},
		"list":    {"name": {"x"}},
		"shell":   nil,
	} {
		conn := &script{user: "root"}
		b := NewBroker(conn, aptLike, Options{})
		if _, err := b.Run(context.Background(), name, args); !errors.Is(err, providers.ErrRefused) {
			t.Errorf("%s: got %v", name, err)
		}
		if len(conn.argv) != 0 || len(b.Journal()) != 0 || inDoubt(b) {
			t.Errorf("%s: the host saw %q", name, conn.argv)
		}
	}
}

func TestBrokerEscalatesOnlyWhereItMust(t *testing.T) {
	sudo := []string{"env", "LC_ALL=C", "sudo", "-n", "--"}
	install, list := []string{"apt-get", "install", "--", "openssl"}, []string{"dpkg-query", "-W"}
	for _, tt := range []struct {
		user, command string
		args          map[string][]string
		want          []string
	}{
		{"root", "install", openssl, install},
		{"patch", "install", openssl, append(slices.Clone(sudo), install...)},
		{"patch", "list", nil, list},
	} {
		conn := &script{user: tt.user}
		b := NewBroker(conn, aptLike, Options{MaxOutput: 8 << 20})
		if _, err := b.Run(context.Background(), tt.command, tt.args); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(conn.argv[0], tt.want) || conn.opt.MaxOutput != 8<<20 {
			t.Errorf("%s as %s: %q with %+v", tt.command, tt.user, conn.argv[0], conn.opt)
		}
	}
}

// What a broker remembers decides whether a host is in doubt: it must know of every command that may have run.
func TestBrokerJournal(t *testing.T) {
	tests := map[string]struct {
		command string
		answer  func([]string) (providers.Output, error)
		ran     int
		lost    bool
		inDoubt bool
	}{
		"done":                       {"install", says(0, "", ""), 1, false, false},
		"failed":                     {"install", says(100, "", "E: no"), 1, false, false},
		"lost":                       {"install", fails(providers.ErrLost), 1, true, true},
		"an error of unknown kind":   {"install", fails(errors.New("?")), 1, true, true},
		"lost and unreachable":       {"install", fails(errors.Join(ErrUnreachable, providers.ErrLost)), 1, true, true},
		"never reached the host":     {"install", fails(ErrUnreachable), 0, false, false},
		"refused by the connection":  {"install", fails(providers.ErrRefused), 0, false, false},
		"refused by sudo":            {"install", says(1, "", "sudo: a password is required\n"), 0, false, false},
		"lost, but only a look":      {"list", fails(providers.ErrLost), 1, true, false},
		"exit code 1 of the command": {"install", says(1, "", "E: broken"), 1, false, false},
	}
	for name, tt := range tests {
		args := openssl
		if tt.command == "list" {
			args = nil
		}
		b := NewBroker(&script{user: "patch", answer: tt.answer}, aptLike, Options{})
		b.Run(context.Background(), tt.command, args)
		ran := b.Journal()
		if len(ran) != tt.ran || inDoubt(b) != tt.inDoubt || tt.ran > 0 && ran[0].Lost != tt.lost {
			t.Errorf("%s: in doubt %v, journal %+v", name, inDoubt(b), ran)
		}
	}
}

func TestACommandThatRunsIsInDoubtUntilItEnds(t *testing.T) {
	var b *Broker
	during := false
	b = NewBroker(&script{user: "root", answer: func([]string) (providers.Output, error) {
		during = inDoubt(b)
		return providers.Output{}, nil
	}}, aptLike, Options{})
	b.Run(context.Background(), "install", openssl)
	if !during || inDoubt(b) {
		t.Errorf("in doubt while it ran: %v, afterwards: %v", during, inDoubt(b))
	}
}

func TestBrokerRunsOneCommandAtATime(t *testing.T) {
	var mu sync.Mutex
	running, most := 0, 0
	conn := &script{user: "root", answer: func([]string) (providers.Output, error) {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		defer func() { mu.Lock(); running--; mu.Unlock() }()
		return providers.Output{}, nil
	}}
	b := NewBroker(conn, aptLike, Options{})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { b.Run(context.Background(), "install", openssl) })
	}
	all.Wait()
	if most != 1 || len(b.Journal()) != 50 {
		t.Errorf("%d at once, %d in the journal", most, len(b.Journal()))
	}
}

func TestSudo(t *testing.T) {
	const sorry = "Sorry, user patch is not allowed to execute '/usr/bin/apt-get' as root on web-1.\n"
	const noNewPrivileges = "sudo: The \"no new privileges\" flag is set, which prevents sudo from running as root.\n" +
		"sudo: If sudo is running in a container, you may need to adjust the container configuration to disable the flag.\n"
	tests := map[string]struct { // as sudo 1.9.13 says it
		code           int
		stdout, stderr string
		refused        bool
		wantCode       int
	}{
		"a password":         {1, "", "sudo: a password is required\n", true, 0},
		"a terminal":         {1, "", "sudo: a terminal is required to read the password; either use…\nsudo: a password is required\n", true, 0},
		"not allowed":        {1, "", sorry, true, 0},
		"not in sudoers":     {1, "", "patch is not in the sudoers file.\n", true, 0},
		"no new privileges":  {1, "", noNewPrivileges, true, 0},
		"no sudo":            {127, "", "/usr/bin/env: 'sudo': No such file or directory\n", true, 0},
		"no such program":    {1, "", "sudo: needrestart: command not found\n", false, 127},
		"the command's own":  {1, "", "E: Unable to locate package\n", false, 1},
		"a warning, it ran":  {1, "", "sudo: unable to resolve host web-1: Name or service not known\nE: broken\n", false, 1},
		"only a warning":     {1, "", "sudo: unable to resolve host web-1: Name or service not known\n", false, 1},
		"it printed":         {1, "Reading package lists...\n", "sudo: a password is required\n", false, 1},
		"it quotes a no":     {100, "", "sudo: a password is required\n", false, 100},
		"it said no, then E": {1, "", "sudo: a password is required\nE: postinst failed\n", false, 1},
	}
	for name, tt := range tests {
		b := NewBroker(&script{user: "patch", answer: says(tt.code, tt.stdout, tt.stderr)}, aptLike, Options{})
		out, err := b.Run(context.Background(), "install", openssl)
		if errors.Is(err, ErrSudo) != tt.refused || !tt.refused && (err != nil || out.ExitCode != tt.wantCode) {
			t.Errorf("%s: got %d, %v", name, out.ExitCode, err)
		}
	}
}

func TestASudoRefusalIsSafeToPrint(t *testing.T) {
	b := NewBroker(&script{user: "patch", answer: says(1, "", "sudo: unknown user \x1b[2J"+strings.Repeat("x", 5000))}, aptLike, Options{})
	_, err := b.Run(context.Background(), "install", openssl)
	if err == nil || strings.Contains(err.Error(), "\x1b") || len(err.Error()) > 500 {
		t.Errorf("got %.600q", err)
	}
}

func TestNoneRefusesEverything(t *testing.T) {
	if _, err := (None{}).Run(context.Background(), "list", nil); !errors.Is(err, providers.ErrRefused) {
		t.Errorf("got %v", err)
	}
}
