//go:build linux

package transport

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/providers"
)

// on is a broker for an action on a machine of the test's.
func on(s supervisor, desc providers.Description, a Action) *Broker {
	b := NewSupervisedBroker(s.conn, desc, Options{}, a)
	b.supervised.dir = s.dir
	return b
}

// TestAnotherProvidersBroker: two providers of one action are one action to the host, which asks for the last of all; and
// what keeps the first from going on keeps the second.
func TestAnotherProvidersBroker(t *testing.T) {
	t.Parallel()
	s, file := machine(t), filepath.Join(t.TempDir(), "ran")
	action := Action{ID: "sha256:" + strings.Repeat("cd", 32), Scope: scope, Fence: 7}
	first := on(s, changing("sh", "-c", "printf x >>"+file), action)
	second := first.Another(changing("sh", "-c", "printf x >>"+file+"; exit 4"))
	for i, b := range []*Broker{first, second} {
		if out, err := b.Run(t.Context(), "change", nil); err != nil || out.ExitCode != 4*i {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	if st, err := asked(t.Context(), s.conn, s.dir, action.ID); err != nil || st.Commands != 2 || st.ExitCode != 4 {
		t.Errorf("got %+v, %v", st, err)
	}
	if len(first.Journal()) != 1 || len(second.Journal()) != 1 {
		t.Errorf("journals %+v, %+v", first.Journal(), second.Journal())
	}
	again := on(s, changing("sh", "-c", "printf x >>"+file), action)
	after := again.Another(changing("sh", "-c", "printf x >>"+file))
	for _, b := range []*Broker{again, after} {
		if _, err := b.Run(t.Context(), "change", nil); !errors.Is(err, providers.ErrRefused) {
			t.Errorf("got %v", err)
		}
	}
	if count(t, file) != 2 {
		t.Errorf("it ran %d times", count(t, file))
	}
}

func TestASupervisedBroker(t *testing.T) {
	t.Parallel()
	s, file := machine(t), filepath.Join(t.TempDir(), "ran")
	desc := changing("sh", "-c", "printf x >>"+file+"; echo changed; exit 3")
	action := Action{ID: "sha256:" + strings.Repeat("ab", 32), Scope: scope, Fence: 7}
	b := on(s, desc, action)
	for range 2 {
		out, err := b.Run(t.Context(), "change", nil)
		if err != nil || out.ExitCode != 3 || string(out.Stdout) != "changed\n" {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	if out, err := b.Run(t.Context(), "look", nil); err != nil || string(out.Stdout) != "seen\n" {
		t.Errorf("%+v, %v", out, err)
	}
	ran := b.Journal()
	if len(ran) != 3 || inDoubt(b) || b.Denied() != nil || ran[1].ExitCode != 3 || !slices.Equal(ran[1].Argv, desc.Commands[0].Argv) {
		t.Errorf("in doubt %v, journal %+v", inDoubt(b), ran)
	}
	st, err := asked(t.Context(), s.conn, s.dir, action.ID)
	if err != nil || st.State != StateEnded || st.Commands != 2 || st.ExitCode != 3 {
		t.Errorf("got %+v, %v", st, err)
	}

	again := on(s, desc, action)
	for _, want := range []error{ErrClaimed, errOver} {
		_, err := again.Run(t.Context(), "change", nil)
		if !errors.Is(err, want) || !errors.Is(err, providers.ErrRefused) || errors.Is(err, providers.ErrLost) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	if len(again.Journal()) != 0 || !errors.Is(again.Denied(), ErrClaimed) || count(t, file) != 2 {
		t.Errorf("journal %+v, denied %v, ran %d times", again.Journal(), again.Denied(), count(t, file))
	}

	older := on(s, desc, Action{ID: "other", Scope: scope, Fence: 6})
	if _, err := older.Run(t.Context(), "change", nil); !errors.Is(err, ErrFenced) || !errors.Is(older.Denied(), ErrFenced) {
		t.Errorf("got %v", err)
	}
	if _, err := older.Run(t.Context(), "look", nil); err != nil {
		t.Errorf("an older lease may still look: %v", err)
	}
}

func changing(argv ...string) providers.Description {
	return providers.Description{Commands: []providers.Command{
		{Name: "change", Argv: argv, Root: true, Mutates: true},
		{Name: "change-as-login", Argv: argv, Mutates: true},
		{Name: "look", Argv: []string{"echo", "seen"}, Root: true},
	}}
}

// answers is a host that says what the test says, one call after the other; the last stays.
func answers(all ...func([]string) (providers.Output, error)) func([]string) (providers.Output, error) {
	return func(argv []string) (providers.Output, error) {
		next := all[0]
		if len(all) > 1 {
			all = all[1:]
		}
		return next(argv)
	}
}

func TestWhatASupervisedBrokerBelieves(t *testing.T) {
	t.Parallel()
	const line = "ringfence-supervisor 1 "
	started := says(0, line+"started\n", "")
	ended := says(0, line+"ended code=7 began=1 ended=2 whole=1\nout", "err")
	tests := map[string]struct {
		host      func([]string) (providers.Output, error)
		err       error
		inDoubt   bool
		truncated bool
	}{
		"ended":                     {answers(started, ended), nil, false, false},
		"a talkative login":         {answers(says(0, "Welcome!\n"+line+"started\n", ""), ended), nil, false, false},
		"not all was kept":          {answers(started, says(0, line+"ended code=7 began=1 ended=2 whole=0\nout", "err")), nil, false, true},
		"unreachable":               {fails(ErrUnreachable), ErrUnreachable, false, false},
		"lost in the start":         {fails(providers.ErrLost), providers.ErrLost, true, false},
		"the link broke later":      {answers(started, fails(ErrUnreachable)), providers.ErrLost, true, false},
		"sudo changed its mind":     {answers(started, says(1, "", "sudo: a password is required\n")), providers.ErrLost, true, false},
		"refused later":             {answers(started, fails(providers.ErrRefused)), providers.ErrLost, true, false},
		"sudo":                      {says(1, "", "sudo: a password is required\n"), ErrSudo, false, false},
		"claimed":                   {says(3, line+"claimed state=running\n", ""), ErrClaimed, false, false},
		"fenced":                    {says(4, line+"fenced highest=9\n", ""), ErrFenced, false, false},
		"no setsid":                 {says(2, line+"failed lacks=setsid\n", ""), ErrUnsupervised, false, false},
		"no answer":                 {says(0, "", ""), providers.ErrLost, true, false},
		"another version":           {says(0, "ringfence-supervisor 2 started\n", ""), providers.ErrLost, true, false},
		"half an answer":            {says(0, line+"started", ""), providers.ErrLost, true, false},
		"an unknown answer":         {says(0, line+"ended code=0\n", ""), providers.ErrLost, true, false},
		"gone":                      {answers(started, says(0, line+"none code=0 began=0 ended=0 whole=0\n", "")), providers.ErrLost, true, false},
		"lost":                      {answers(started, says(0, line+"lost code=0 began=1 ended=0 whole=0\n", "")), providers.ErrLost, true, false},
		"an exit code that is none": {answers(started, says(0, line+"ended code=-1 began=1 ended=2 whole=1\n", "")), providers.ErrLost, true, false},
		"an end without a code":     {answers(started, says(0, line+"ended code= began=1 ended=2 whole=1\n", "")), providers.ErrLost, true, false},
	}
	for name, tt := range tests {
		b := NewSupervisedBroker(&script{user: "patch", answer: tt.host}, changing("true"), Options{}, Action{ID: "a", Scope: scope})
		out, err := b.Run(t.Context(), "change", nil)
		if !errors.Is(err, tt.err) || inDoubt(b) != tt.inDoubt || (len(b.Journal()) > 0) != (tt.inDoubt || tt.err == nil) {
			t.Errorf("%s: %v, in doubt %v, journal %+v", name, err, inDoubt(b), b.Journal())
		}
		if tt.inDoubt && (errors.Is(err, providers.ErrRefused) || errors.Is(err, ErrUnreachable) || errors.Is(err, ErrSudo)) {
			t.Errorf("%s: %v could be taken for nothing started", name, err)
		}
		if tt.err == nil && (out.ExitCode != 7 || string(out.Stdout) != "out" || string(out.Stderr) != "err" || out.Truncated != tt.truncated) {
			t.Errorf("%s: %+v", name, out)
		}
	}
}

func TestTheSupervisorHasTheRightsOfItsCommand(t *testing.T) {
	t.Parallel()
	for command, sudo := range map[string]bool{"change": true, "change-as-login": false} {
		conn := &script{user: "patch", answer: says(3, "ringfence-supervisor 1 claimed state=ended\n", "")}
		NewSupervisedBroker(conn, changing("true"), Options{}, Action{ID: "a", Scope: scope}).Run(t.Context(), command, nil)
		if len(conn.argv) != 1 || slices.Contains(conn.argv[0], "sudo") != sudo || conn.opt.Timeout == 0 {
			t.Errorf("%s: %.60q", command, conn.argv)
		}
		if _, err := quote(conn.argv[0]); err != nil {
			t.Errorf("%s cannot be sent: %v", command, err)
		}
	}
}

// Root's supervisor and the login's know nothing of each other.
func TestAskAsksBoth(t *testing.T) {
	t.Parallel()
	conn := &script{user: "patch", answer: func(argv []string) (providers.Output, error) {
		if slices.Contains(argv, "sudo") || argv[len(argv)-1] != "a" {
			return says(0, "ringfence-supervisor 1 none code=0 began=0 ended=0 whole=0\n", "")(argv)
		}
		return says(0, "ringfence-supervisor 1 ended code=0 began=1 ended=2 whole=1\nlog", "more")(argv)
	}}
	st, err := Ask(t.Context(), conn, "a")
	if err != nil || st.State != StateEnded || st.Commands != 1 || string(st.Log) != "log\nmore" {
		t.Errorf("got %+v, %v", st, err)
	}
	for _, answer := range []func([]string) (providers.Output, error){fails(ErrUnreachable), says(1, "", "sudo: a password is required\n"), says(0, "", "")} {
		if st, err := Ask(t.Context(), &script{user: "patch", answer: answer}, "a"); err == nil {
			t.Errorf("nothing was learnt, but the answer is %+v", st)
		}
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	conn := &script{user: "root", answer: func(argv []string) (providers.Output, error) {
		cancel()
		return says(0, "ringfence-supervisor 1 running code=0 began=1 ended=0 whole=0\n", "")(argv)
	}}
	if st, err := awaited(ctx, conn, "", "a"); !errors.Is(err, context.Canceled) || st.State != StateRunning {
		t.Errorf("got %+v, %v", st, err)
	}
}

// A host can say anything: what is made of it is bounded, safe to print, and never an exit code that it did not give.
func FuzzSupervisorAnswer(f *testing.F) {
	f.Add([]byte("ringfence-supervisor 1 ended code=0 began=1 ended=2 whole=1\nout"), []byte("err"))
	f.Add([]byte("motd\nringfence-supervisor 1 running code=0 began=1 ended=0 whole=0\n"), []byte(""))
	f.Add([]byte("ringfence-supervisor 1 \x1b[2J code\n"), []byte("\x1b"))
	f.Fuzz(func(t *testing.T, stdout, stderr []byte) {
		a, err := readAnswer(providers.Output{Stdout: stdout, Stderr: stderr, ExitCode: 1}, 16)
		var st Status
		if err == nil {
			st, err = a.status()
		}
		if err != nil && (len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\x1b\n")) {
			t.Errorf("unsafe: %q", err)
		}
		if len(a.said.Stdout) > 16 || len(a.said.Stderr) > 16 {
			t.Errorf("kept %d and %d bytes", len(a.said.Stdout), len(a.said.Stderr))
		}
		if err == nil && (!strings.Contains(string(stdout), "ringfence-supervisor 1 ") || !strings.Contains(string(stdout), "code=")) {
			t.Errorf("%+v was read from %q", st, stdout)
		}
	})
}
