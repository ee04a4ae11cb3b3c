package transport

import (
	"crypto/rand"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/ringfence/ringfence/internal/transport/sshtest"
)

// startAgent serves an ssh-agent that holds the private keys in these files.
func (w *world) startAgent(passphrase string, paths ...string) (socket string) {
	w.t.Helper()
	ring := agent.NewKeyring()
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			w.t.Fatal(err)
		}
		key, err := ssh.ParseRawPrivateKeyWithPassphrase(text, []byte(passphrase))
		if passphrase == "" {
			key, err = ssh.ParseRawPrivateKey(text)
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if err := ring.Add(agent.AddedKey{PrivateKey: key, Comment: filepath.Base(p)}); err != nil {
			w.t.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "rf") // a socket's path must be short
	if err != nil {
		w.t.Fatal(err)
	}
	socket = filepath.Join(dir, "agent")
	w.serveAgent(ring, socket)
	w.t.Cleanup(func() { os.RemoveAll(dir) })
	return socket
}

func (w *world) serveAgent(ring agent.Agent, socket string) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		w.t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer c.Close(); agent.ServeAgent(ring, c) })
		}
	})
	w.t.Cleanup(func() { l.Close(); all.Wait() })
}

// Each case sets a runner up and says which of its keys the host accepts; nil means that the host must let nobody in.
func TestClientKeys(t *testing.T) {
	tests := map[string]struct {
		setup func(w *world) ssh.Signer
		want  error
		says  string
	}{
		"a file by environment": {func(w *world) ssh.Signer {
			path, key := w.key("deploy", "")
			w.env[keyVariable] = path
			return key
		}, nil, ""},
		"the agent": {func(w *world) ssh.Signer {
			path, key := w.key("a", "")
			w.env["SSH_AUTH_SOCK"] = w.startAgent("", path)
			return key
		}, nil, ""},
		"IdentityFile": {func(w *world) ssh.Signer {
			_, key := w.key("keys/for 127.0.0.1", "")
			w.write(".ssh/config", "Host 127.*\n  IdentityFile \"~/keys/for %h\"\n")
			return key
		}, nil, ""},
		"a default file": {func(w *world) ssh.Signer {
			_, key := w.key(".ssh/id_ed25519", "")
			return key
		}, nil, ""},
		"an encrypted file, unlocked in the agent": {func(w *world) ssh.Signer {
			path, key := w.key("locked", "secret")
			w.env[keyVariable], w.env["SSH_AUTH_SOCK"] = path, w.startAgent("secret", path)
			return key
		}, nil, ""},
		"a public file, private in the agent": {func(w *world) ssh.Signer {
			path, key := w.key("a", "")
			other, _ := w.key("other", "")
			w.env["SSH_AUTH_SOCK"] = w.startAgent("", other, path)
			w.write("a.pub", authorized(key))
			w.write(".ssh/config", "IdentitiesOnly yes\nIdentityFile ~/a.pub\n")
			return key
		}, nil, ""},
		"another agent": {func(w *world) ssh.Signer {
			path, key := w.key("a", "")
			w.write(".ssh/config", "IdentityAgent "+w.startAgent("", path)+"\n")
			return key
		}, nil, ""},
		"an encrypted file": {func(w *world) ssh.Signer {
			w.env[keyVariable], _ = w.key("locked", "secret")
			return nil
		}, ErrNoClientKey, "ssh-add"},
		"the environment's file alone": {func(w *world) ssh.Signer {
			path, key := w.key("a", "")
			w.env[keyVariable], _ = w.key("b", "")
			w.env["SSH_AUTH_SOCK"] = w.startAgent("", path)
			return key
		}, ErrAuth, "with 1 keys"},
		"IdentitiesOnly keeps the agent's back": {func(w *world) ssh.Signer {
			path, key := w.key("a", "")
			w.key("b", "")
			w.env["SSH_AUTH_SOCK"] = w.startAgent("", path)
			w.write(".ssh/config", "IdentitiesOnly yes\nIdentityFile ~/b\n")
			return key
		}, ErrAuth, ""},
		"IdentityAgent none": {func(w *world) ssh.Signer {
			path, key := w.key("a", "")
			w.env["SSH_AUTH_SOCK"] = w.startAgent("", path)
			w.write(".ssh/config", "IdentityAgent none\n")
			return key
		}, ErrNoClientKey, ""},
		"nothing at all": {func(*world) ssh.Signer { return nil }, ErrNoClientKey, keyVariable},
		"a missing file": {func(w *world) ssh.Signer {
			w.env[keyVariable] = filepath.Join(w.home, "gone")
			return nil
		}, ErrNoClientKey, "gone"},
		"a folder": {func(w *world) ssh.Signer {
			w.env[keyVariable] = w.home
			return nil
		}, ErrNoClientKey, "not a key file"},
		"no key in the file": {func(w *world) ssh.Signer {
			w.env[keyVariable] = w.write("x", "hello")
			return nil
		}, ErrNoClientKey, "not a private key"},
		"an agent that is gone": {func(w *world) ssh.Signer {
			w.env["SSH_AUTH_SOCK"] = filepath.Join(w.home, "gone")
			return nil
		}, ErrNoClientKey, "ssh-agent"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			accepted := []ssh.PublicKey{}
			if key := tt.setup(w); key != nil {
				accepted = append(accepted, key.PublicKey())
			}
			s := sshtest.NewServer(t, echo, sshtest.Authorize(accepted...))
			w.cfg.KnownHosts = s.KnownHosts()
			_, err := w.dial(s.Addr())
			if !errors.Is(err, tt.want) || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestCredentials: a host that names a credential is offered that key and no other, whatever else the runner has.
func TestCredentials(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setup func(w *world) ssh.Signer
		want  error
	}{
		"its file": {func(w *world) ssh.Signer {
			path, key := w.key("web", "")
			w.env["RINGFENCE_SSH_KEY_WEB_ADMIN"] = path
			return key
		}, nil},
		"the agent's by its comment": {func(w *world) ssh.Signer {
			path, key := w.key("web-admin", "")
			other, _ := w.key("other", "")
			w.env["SSH_AUTH_SOCK"] = w.startAgent("", other, path)
			return key
		}, nil},
		"no other of the agent": {func(w *world) ssh.Signer {
			path, key := w.key("other", "")
			w.env["SSH_AUTH_SOCK"] = w.startAgent("", path)
			return key
		}, ErrNoClientKey},
		"not the one for all": {func(w *world) ssh.Signer {
			path, key := w.key("deploy", "")
			w.env[keyVariable] = path
			return key
		}, ErrNoClientKey},
		"not a default file": {func(w *world) ssh.Signer {
			_, key := w.key(".ssh/id_ed25519", "")
			return key
		}, ErrNoClientKey},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			s := sshtest.NewServer(t, echo, sshtest.Authorize(c.setup(w).PublicKey()))
			w.cfg.KnownHosts = s.KnownHosts()
			conn, err := w.dialer().Dial(t.Context(), Target{Tenant: "acme", Name: "web-1", Address: s.Addr(), User: "patch", Credential: "web-admin"})
			if err == nil {
				conn.Close()
			}
			if !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), "RINGFENCE_SSH_KEY_WEB_ADMIN is not set") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestACertificateBesideTheKeyIsUsed(t *testing.T) {
	w, ca := newWorld(t, nil), sshtest.Key(t)
	path, key := w.key("deploy", "")
	cert := &ssh.Certificate{Key: key.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{"patch"}, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, ca); err != nil {
		t.Fatal(err)
	}
	w.write("deploy-cert.pub", string(ssh.MarshalAuthorizedKey(cert)))
	w.env[keyVariable] = path
	s := sshtest.NewServer(t, echo, sshtest.Authorize(cert))
	w.cfg.KnownHosts = s.KnownHosts()
	w.mustDial(s.Addr())
}

func TestAHostThatAsksForNoKeyNeedsNone(t *testing.T) {
	s := sshtest.NewServer(t, echo, sshtest.NoAuth())
	newWorld(t, s.KnownHosts()).mustDial(s.Addr())
}
