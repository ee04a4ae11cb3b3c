//go:build unix

package transport

import (
	"bufio"
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ringfence/ringfence/providers"
)

// sshd is a real OpenSSH server on loopback, for what the server in the test process cannot prove.
type sshd struct {
	addr  string
	key   ssh.PublicKey
	login string
	cmd   *exec.Cmd
}

func startSSHD(t *testing.T, authorised ssh.PublicKey) *sshd {
	t.Helper()
	const program = "/usr/sbin/sshd"
	if _, err := os.Stat(program); err != nil {
		t.Skipf("needs OpenSSH's server: %v", err)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // sshd separates its privileges there; a service manager makes the folder otherwise
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Skipf("needs sshd's folder: %v", err)
		}
	}
	s := &sshd{addr: freeAddress(t), login: me.Username}
	s.start(t, program, s.configure(t, authorised))
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (s *sshd) configure(t *testing.T, authorised ssh.PublicKey) (config string) {
	t.Helper()
	dir := t.TempDir()
	_, block, signer := newKey(t, "", "")
	s.key = signer.PublicKey()
	config = filepath.Join(dir, "sshd_config")
	for path, text := range map[string]string{
		filepath.Join(dir, "host"):       string(pem.EncodeToMemory(block)),
		filepath.Join(dir, "authorized"): string(ssh.MarshalAuthorizedKey(authorised)),
		config: fmt.Sprintf("ListenAddress %s\nHostKey %s/host\nAuthorizedKeysFile %s/authorized\nPidFile none\n"+
			"StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n", s.addr, dir, dir),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return config
}

// start returns when the server listens.
func (s *sshd) start(t *testing.T, program, config string) {
	t.Helper()
	s.cmd = exec.Command(program, "-D", "-e", "-f", config)
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.cmd.Process.Kill(); s.cmd.Wait() })
	log := bufio.NewScanner(stderr)
	for log.Scan() {
		if strings.HasPrefix(log.Text(), "Server listening") {
			go func() {
				for log.Scan() { // sshd must not block on its log
				}
			}()
			return
		}
		t.Log(log.Text())
	}
	t.Fatal("sshd did not start")
}

func (s *sshd) connect(t *testing.T, w *world) Conn {
	t.Helper()
	w.cfg.KnownHosts, w.cfg.User = []byte(line(s.addr, s.key)), s.login
	c, err := w.dialer().Dial(context.Background(), Target{Tenant: "acme", Name: "web-1", Address: s.addr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func realHost(t *testing.T) Conn {
	t.Helper()
	w := newWorld(t, nil)
	path, key := w.key("client", "")
	w.env[keyVariable] = path
	return startSSHD(t, key.PublicKey()).connect(t, w)
}

func TestRealSSHD(t *testing.T) {
	c := realHost(t)
	words := []string{"it's", `\`, "$HOME; id", "", "ü", "*", `a\' ; id #`}
	out, err := c.Run(context.Background(), append([]string{"printf", `%s\0`}, words...), Options{})
	if got := strings.Split(strings.TrimSuffix(string(out.Stdout), "\x00"), "\x00"); err != nil || out.Truncated || !slices.Equal(got, words) {
		t.Errorf("%q came back as %q, %v", words, got, err)
	}
	out, err = c.Run(context.Background(), []string{"sh", "-c", "seq 300000; seq 300000 >&2; exit 100"}, Options{MaxOutput: 4 << 20})
	if err != nil || out.ExitCode != 100 || out.Truncated || !bytes.Equal(out.Stdout, out.Stderr) || !bytes.HasSuffix(out.Stdout, []byte("\n300000\n")) {
		t.Errorf("got %d, truncated %v, %d and %d bytes, %v", out.ExitCode, out.Truncated, len(out.Stdout), len(out.Stderr), err)
	}
	if out, err = c.Run(context.Background(), []string{"ringfence-has-no-such-program"}, Options{}); err != nil || out.ExitCode != 127 || out.Truncated {
		t.Errorf("got %+v, %v", out, err)
	}
	if out, err = c.Run(context.Background(), []string{"sh", "-c", "kill -9 $$"}, Options{}); err != nil || out.ExitCode != 137 || out.Truncated {
		t.Errorf("got %+v, %v", out, err)
	}
}

// A package that restarts a service which keeps the terminal's pipe does not hang the runner, nor is its output
// taken for whole.
func TestRealSSHDWithABackgroundChild(t *testing.T) {
	c := realHost(t)
	c.(*conn).grace = 300 * time.Millisecond
	out, err := c.Run(context.Background(), []string{"sh", "-c", "sleep 5 & echo done"}, Options{})
	if err != nil || string(out.Stdout) != "done\n" || out.ExitCode != 0 || !out.Truncated {
		t.Errorf("got %+v, %v", out, err)
	}
}

// The session's own sshd dies under a running command, as when openssh-server is upgraded badly.
func TestRealSSHDThatDiesUnderACommand(t *testing.T) {
	c := realHost(t)
	_, err := c.Run(context.Background(), []string{"sh", "-c", "kill -9 $(ps -o ppid= -p $PPID) $PPID"}, Options{})
	if !errors.Is(err, providers.ErrLost) {
		t.Errorf("got %v", err)
	}
}
