package transport

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"

	"github.com/ringfence/ringfence/internal/transport/sshtest"
)

func line(address string, key ssh.PublicKey) string {
	return knownhosts.Line([]string{address}, key) + "\n"
}

// certified returns a host key with a certificate of ca for the principal.
func certified(t *testing.T, ca ssh.Signer, principal string, kind uint32, before uint64) ssh.Signer {
	t.Helper()
	key := sshtest.Key(t)
	cert := &ssh.Certificate{Key: key.PublicKey(), CertType: kind, ValidPrincipals: []string{principal}, ValidBefore: before}
	if err := cert.SignCert(rand.Reader, ca); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewCertSigner(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func TestHostKeys(t *testing.T) {
	const always = ssh.CertTimeInfinity
	key, other, ca := sshtest.Key(t), sshtest.Key(t), sshtest.Key(t)
	tests := map[string]struct {
		serves ssh.Signer
		known  func(address string) string
		want   error
	}{
		"the known key":            {key, func(a string) string { return line(a, key.PublicKey()) }, nil},
		"one of two known keys":    {key, func(a string) string { return line(a, other.PublicKey()) + line(a, key.PublicKey()) }, nil},
		"another key":              {other, func(a string) string { return line(a, key.PublicKey()) }, ErrHostKey},
		"no line":                  {key, func(string) string { return "" }, ErrHostKeyUnknown},
		"a line for another port":  {key, func(string) string { return line("127.0.0.1:22", key.PublicKey()) }, ErrHostKeyUnknown},
		"a revoked key":            {key, func(a string) string { return line(a, key.PublicKey()) + "@revoked * " + authorized(key) }, ErrHostKey},
		"a certificate":            {certified(t, ca, "127.0.0.1", ssh.HostCert, always), authority(ca), nil},
		"a stranger's certificate": {certified(t, other, "127.0.0.1", ssh.HostCert, always), authority(ca), ErrHostKey},
		"another host's name":      {certified(t, ca, "10.0.0.9", ssh.HostCert, always), authority(ca), ErrHostKey},
		"an expired certificate":   {certified(t, ca, "127.0.0.1", ssh.HostCert, 1), authority(ca), ErrHostKey},
		"a user's certificate":     {certified(t, ca, "127.0.0.1", ssh.UserCert, always), authority(ca), ErrHostKey},
		"a plain key, CA expected": {key, authority(ca), ErrHostKey},
		"the CA's key as its own": {ca, func(a string) string {
			return "@cert-authority " + line(a, ca.PublicKey()) + line(a, other.PublicKey())
		}, ErrHostKey},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := sshtest.NewServer(t, echo, sshtest.HostKeys(tt.serves))
			_, err := newWorld(t, []byte(tt.known(s.Addr()))).withKey().dial(s.Addr())
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v", err)
			}
			if tt.want != nil && len(s.Users())+len(s.Commands()) != 0 {
				t.Errorf("a host with the wrong key got the users %q and commands %q", s.Users(), s.Commands())
			}
		})
	}
}

func authority(ca ssh.Signer) func(string) string {
	return func(string) string { return "@cert-authority * " + authorized(ca) }
}

func authorized(s ssh.Signer) string { return string(ssh.MarshalAuthorizedKey(s.PublicKey())) }

func TestAChangedKeyNamesBothKeys(t *testing.T) {
	known := sshtest.Key(t)
	s := sshtest.NewServer(t, echo)
	_, err := newWorld(t, []byte(line(s.Addr(), known.PublicKey()))).withKey().dial(s.Addr())
	var changed *HostKeyError
	if !errors.As(err, &changed) {
		t.Fatalf("got %v", err)
	}
	got, _, _, _, _ := ssh.ParseAuthorizedKey(s.KnownHosts()[strings.Index(string(s.KnownHosts()), " ")+1:])
	if changed.Got != ssh.FingerprintSHA256(got) || fmt.Sprint(changed.Known) != "["+ssh.FingerprintSHA256(known.PublicKey())+"]" {
		t.Errorf("got %+v", changed)
	}
}

// An attacker who has no key of the known type must not be mistaken for a host that is merely down.
func TestAnotherKindOfKeyIsAChangedKey(t *testing.T) {
	s := sshtest.NewServer(t, echo, sshtest.HostKeys(ecdsaKey(t)))
	_, err := newWorld(t, []byte(line(s.Addr(), sshtest.Key(t).PublicKey()))).withKey().dial(s.Addr())
	if !errors.Is(err, ErrHostKey) || len(s.Users()) != 0 {
		t.Errorf("got %v", err)
	}
}

// A host with several keys is asked for the one that we know.
func TestTheKnownKindOfKeyIsAskedFor(t *testing.T) {
	e, d := ecdsaKey(t), sshtest.Key(t)
	for _, known := range []ssh.Signer{e, d} {
		s := sshtest.NewServer(t, echo, sshtest.HostKeys(d, e))
		newWorld(t, []byte(line(s.Addr(), known.PublicKey()))).withKey().mustDial(s.Addr())
	}
}

func TestBadKnownHosts(t *testing.T) {
	w := newWorld(t, []byte("web-1 ssh-ed25519\n"))
	_, err := NewSSH(w.cfg)
	if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "known_hosts:1:") {
		t.Errorf("got %v", err)
	}
}

func hostKey(t *testing.T, s *sshtest.Server) ssh.PublicKey {
	t.Helper()
	_, _, key, _, _, err := ssh.ParseKnownHosts(s.KnownHosts())
	if err != nil {
		t.Fatal(err)
	}
	return key
}
