package signing

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func run(t *testing.T, stdin, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "TZ=UTC")
	out, err := cmd.Output()
	return string(out), err
}

// keygen makes a key pair and returns the private key's file and the public key's text.
func keygen(t *testing.T, passphrase string, kind ...string) (file, public string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "key")
	args := append([]string{"-q", "-N", passphrase, "-C", "", "-f", file}, kind...)
	if out, err := run(t, "", "ssh-keygen", args...); err != nil {
		t.Fatalf("ssh-keygen: %v: %s", err, out)
	}
	raw, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return file, strings.TrimSpace(string(raw))
}

func mustOpen(t *testing.T, name, socket string) *Key {
	t.Helper()
	k, err := Open(name, socket)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func mustParse(t *testing.T, text string) *Signers {
	t.Helper()
	s, err := ParseSigners([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// sshVerify asks ssh-keygen the same question as Signers.Verify.
func sshVerify(t *testing.T, signers, payload string, sig []byte, at time.Time) bool {
	t.Helper()
	s, f := write(t, signers), write(t, string(sig))
	stamp := "-Overify-time=" + at.UTC().Format("20060102150405")
	names, err := run(t, payload, "ssh-keygen", "-Y", "find-principals", "-f", s, "-s", f, stamp)
	if err != nil {
		return false
	}
	name, _, _ := strings.Cut(strings.TrimSpace(names), "\n")
	_, err = run(t, payload, "ssh-keygen", "-Y", "verify", "-n", Namespace, "-f", s, "-s", f, "-I", name, stamp)
	return err == nil
}

func TestSignaturesAreSSHKeygens(t *testing.T) {
	for name, kind := range map[string][]string{
		"ed25519": {"-t", "ed25519"}, "rsa": {"-t", "rsa", "-b", "2048"}, "ecdsa": {"-t", "ecdsa"},
	} {
		t.Run(name, func(t *testing.T) {
			file, public := keygen(t, "", kind...)
			signers := "runner-1 " + public + "\n"
			mine, err := mustOpen(t, file, "").Sign([]byte("hello"))
			if err != nil {
				t.Fatal(err)
			}
			if !sshVerify(t, signers, "hello", mine, noon) {
				t.Errorf("ssh-keygen refuses\n%s", mine)
			}
			if sshVerify(t, signers, "hallo", mine, noon) {
				t.Error("ssh-keygen accepts it for another text: this test sees nothing")
			}
			text := write(t, "hello")
			if out, err := run(t, "", "ssh-keygen", "-Y", "sign", "-n", Namespace, "-f", file, text); err != nil {
				t.Fatal(out)
			}
			theirs, err := os.ReadFile(text + ".sig")
			if err != nil {
				t.Fatal(err)
			}
			for what, sig := range map[string][]byte{"own": mine, "ssh-keygen's": theirs} {
				who, err := mustParse(t, signers).Verify([]byte("hello"), sig, noon)
				if err != nil || who.Principal != "runner-1" || who.Fingerprint != mustOpen(t, file, "").Fingerprint() {
					t.Errorf("%s signature: %+v, %v", what, who, err)
				}
				if _, err := mustParse(t, signers).Verify([]byte("hallo"), sig, noon); !errors.Is(err, ErrSignature) {
					t.Errorf("%s signature of another text: %v", what, err)
				}
			}
		})
	}
}

// TestEveryByteOfASignatureCounts: an armored signature in which any byte is another, is missing or is doubled is none.
func TestEveryByteOfASignatureCounts(t *testing.T) {
	file, public := keygen(t, "", "-t", "ed25519")
	sig, err := mustOpen(t, file, "").Sign([]byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	signers := mustParse(t, "r "+public)
	for i := range sig {
		for _, changed := range [][]byte{
			append(append(bytes.Clone(sig[:i]), sig[i]^1), sig[i+1:]...),
			append(bytes.Clone(sig[:i]), sig[i+1:]...),
			append(append(bytes.Clone(sig[:i]), sig[i]), sig[i:]...),
		} {
			if _, err := signers.Verify([]byte("hello"), changed, noon); err == nil && !bytes.Equal(changed, sig) {
				t.Fatalf("accepted with another byte %d:\n%s", i, changed)
			}
		}
	}
}

func TestWhoMaySignWhen(t *testing.T) {
	file, public := keygen(t, "", "-t", "ed25519")
	_, other := keygen(t, "", "-t", "ed25519")
	sig, err := mustOpen(t, file, "").Sign([]byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]error{
		"r " + public:                         nil,
		"r " + other:                          ErrUnknownKey,
		"":                                    ErrUnknownKey,
		`"r,s" namespaces="git" ` + public:    nil,
		`r namespaces="file,g?t" ` + public:   nil,
		`r namespaces="file" ` + public:       ErrUnknownKey,
		`r namespaces="*,!git" ` + public:     ErrUnknownKey,
		`r valid-after="20261121Z" ` + public: nil,
		`r valid-after="202611211159Z",valid-before="20261121120000Z" ` + public: nil,
		`r valid-after="20261121120001Z" ` + public:                              ErrNotValid,
		`r valid-before="20261121115959Z" ` + public:                             ErrNotValid,
		`r valid-before="20261121115959Z" ` + public + "\nr " + public:           nil,
		"# a comment\n\n  r\t" + public + " with a comment":                      nil,
	} {
		_, err := mustParse(t, line).Verify([]byte("hello"), sig, noon)
		if !errors.Is(err, want) || (want == nil) != (err == nil) {
			t.Errorf("%q: %v, want %v", line, err, want)
		}
		if theirs := sshVerify(t, line+"\n", "hello", sig, noon); theirs != (err == nil) {
			t.Errorf("%q: ssh-keygen says %v, we say %v", line, theirs, err)
		}
	}
}

func TestSignersAreReadStrictly(t *testing.T) {
	_, public := keygen(t, "", "-t", "ed25519")
	for _, line := range []string{
		"r", "r ssh-ed25519", "r ssh-ed25519 AAAA", `"r ` + public, `"" ` + public, "r cert-authority " + public,
		"r no-touch-required " + public, `r valid-after="20261121" ` + public, `r valid-after="20261321Z" ` + public,
		`r namespaces=git ` + public, `r namespaces="" ` + public, `r namespaces ` + public, `r valid-after ` + public,
		`r namespaces="git",namespaces="file" ` + public,
		`r valid-after="20261122Z",valid-before="20261121Z" ` + public,
		`r valid-after="20261122Z",valid-before="20261122Z" ` + public, public,
	} {
		if s, err := ParseSigners([]byte("ok " + public + "\n" + line + "\n")); err == nil {
			t.Errorf("%q was read as %+v", line, s.list)
		} else if !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v does not say where", line, err)
		}
	}
}

func TestNames(t *testing.T) {
	for list, want := range map[string]bool{
		"runner-1": true, "runner-*": true, "a,runner-?": true, "*": true, "runner-*,!runner-1": false, "runner": false,
		"": false, "*1*1*": false, "r*n*-*1": true,
	} {
		if got := (Signer{Principal: list}).Names("runner-1"); got != want {
			t.Errorf("%q names runner-1: %v", list, got)
		}
	}
}

func TestKeysInTheAgent(t *testing.T) {
	plain, _ := keygen(t, "", "-t", "ed25519")
	locked, public := keygen(t, "secret", "-t", "ed25519")
	raw, err := os.ReadFile(locked)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParseRawPrivateKeyWithPassphrase(raw, []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	socket := serveAgent(t, key)
	for _, name := range []string{locked, locked + ".pub", "key::" + public, Agent} {
		k := mustOpen(t, name, socket)
		sig, err := k.Sign([]byte("hello"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := mustParse(t, "r "+k.PublicKey()).Verify([]byte("hello"), sig, noon); err != nil || k.PublicKey() != public {
			t.Errorf("%s: %v, key %s", name, err, k.PublicKey())
		}
	}
	for _, name := range []string{plain + ".pub", "key::nonsense", filepath.Dir(plain), plain + "x"} {
		if _, err := Open(name, socket); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
	for _, name := range []string{locked, Agent} {
		if _, err := Open(name, ""); err == nil {
			t.Errorf("%s was opened without an agent", name)
		}
	}
	if err := os.Chmod(plain, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(plain, socket); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that everybody may read: %v", err)
	}
}

func serveAgent(t *testing.T, key any) string {
	t.Helper()
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "agent-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, c) }()
		}
	}()
	return l.Addr().String()
}

func FuzzParseSigners(f *testing.F) {
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJxGGx0qYzH5tVj9nKJ3j3mDqOZ1yFqkqLlNXZ3U4l1M"
	f.Add([]byte("r " + key + "\n"))
	f.Add([]byte(`"a b",c namespaces="git,x*",valid-after="20260101Z",valid-before="20261231235959Z" ` + key + " c\n"))
	f.Add([]byte("# c\n\n r cert-authority " + key))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := ParseSigners(raw)
		if err != nil {
			return
		}
		for _, a := range s.list {
			if a.key == nil || a.principals == "" || !a.before.IsZero() && !a.before.After(a.after) {
				t.Errorf("%+v", a)
			}
			again, err := ParseSigners([]byte(a.text))
			if err != nil || again.Len() != 1 || again.list[0].principals != a.principals {
				t.Errorf("%q alone: %+v, %v", a.text, again, err)
			}
		}
	})
}

func FuzzUnarmor(f *testing.F) {
	f.Add([]byte(armorBegin + "U1NIU0lH\n" + armorEnd))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if s, err := unarmor(raw); err == nil && !bytes.Equal(armor(s), raw) {
			t.Errorf("%q is read as %q", raw, armor(s))
		}
	})
}
