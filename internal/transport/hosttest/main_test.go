//go:build linux

package hosttest

import (
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/lab"
	"github.com/ringfence/ringfence/internal/transport"
	"github.com/ringfence/ringfence/providers"
)

func TestMain(m *testing.M) { lab.Main(m) }

func up(t *testing.T, hosts int) *lab.Lab {
	t.Helper()
	lab.Require(t)
	l, err := lab.Up(t.Context(), lab.Config{Hosts: hosts})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Down(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must runs a line of shell as the host's root, past the connection under test.
func must(t *testing.T, h *lab.Host, script string) string {
	t.Helper()
	out, err := h.Shell(t.Context(), script)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// dial logs in as a user who may sudo, and notices a dead link within three seconds; a busy machine answers sooner.
func dial(t *testing.T, l *lab.Lab, h *lab.Host) transport.Conn {
	t.Helper()
	env := map[string]string{"RINGFENCE_SSH_KEY": l.ClientKey()}
	dialer, err := transport.NewSSH(transport.Config{
		Tenant: "lab", KnownHosts: []byte(l.KnownHosts()), Home: t.TempDir(), User: "patch", KeepAlive: time.Second,
		Getenv: func(k string) string { return env[k] },
	})
	ok(t, err)
	conn, err := dialer.Dial(t.Context(), transport.Target{Tenant: "lab", Name: h.Name, Address: h.Addr, User: "patch"})
	ok(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// command is an allow-list of one changing command, "go".
func command(argv ...string) providers.Description {
	return providers.Description{Commands: []providers.Command{{Name: "go", Argv: argv, Root: true, Mutates: true}}}
}

func run(t *testing.T, c transport.Conn, a transport.Action, argv ...string) (providers.Output, error) {
	t.Helper()
	return transport.NewSupervisedBroker(c, command(argv...), transport.Options{}, a).Run(t.Context(), "go", nil)
}

func action(id string, fence int) transport.Action {
	return transport.Action{ID: id, Scope: "lab/main", Fence: fence}
}
