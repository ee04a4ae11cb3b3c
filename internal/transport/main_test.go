package transport

import (
	"context"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"github.com/ringfence/ringfence/internal/transport/sshtest"
)

// No test may leave a goroutine behind: a runner that patches for weeks would drown in them.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a runner without anything of the machine that the tests run on.
type world struct {
	t    *testing.T
	cfg  Config
	env  map[string]string
	home string
}

func newWorld(t *testing.T, knownHosts []byte) *world {
	w := &world{t: t, env: map[string]string{}, home: t.TempDir()}
	w.cfg = Config{
		Tenant: "acme", KnownHosts: knownHosts, Home: w.home, User: "runner",
		Getenv: func(k string) string { return w.env[k] },
	}
	return w
}

// withKey gives the runner a client key by RINGFENCE_SSH_KEY.
func (w *world) withKey() *world {
	path, _ := w.key("client", "")
	w.env[keyVariable] = path
	return w
}

// key writes a new private key file below the home folder, encrypted if there is a passphrase.
func (w *world) key(name, passphrase string) (path string, signer ssh.Signer) {
	w.t.Helper()
	path, block, signer := newKey(w.t, filepath.Join(w.home, name), passphrase)
	w.write(name, string(pem.EncodeToMemory(block)))
	return path, signer
}

func (w *world) write(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

func (w *world) dialer() *SSH {
	w.t.Helper()
	s, err := NewSSH(w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) dial(address string) (Conn, error) {
	w.t.Helper()
	c, err := w.dialer().Dial(context.Background(), Target{Tenant: "acme", Name: "web-1", Address: address, User: "patch"})
	if c != nil {
		w.t.Cleanup(func() { c.Close() })
	}
	return c, err
}

func (w *world) mustDial(address string) Conn {
	w.t.Helper()
	c, err := w.dial(address)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// connect is a connection to a server that knows us and that we know.
func connect(t *testing.T, s *sshtest.Server) Conn {
	t.Helper()
	return newWorld(t, s.KnownHosts()).withKey().mustDial(s.Addr())
}
