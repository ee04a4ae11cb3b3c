package transport

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/ringfence/ringfence/internal/transport/sshtest"
)

func enroll(t *testing.T, existing []byte, targets ...Target) ([]byte, []Enrolled) {
	t.Helper()
	text, results, err := Enroll(context.Background(), targets, existing, newWorld(t, existing).withKey().dialer().HostKey)
	if err != nil {
		t.Fatal(err)
	}
	return text, results
}

func TestEnroll(t *testing.T) {
	fresh, known, changed := sshtest.NewServer(t, echo), sshtest.NewServer(t, echo), sshtest.NewServer(t, echo)
	otherKind := sshtest.NewServer(t, echo, sshtest.HostKeys(ecdsaKey(t)))
	silent := sshtest.NewServer(t, echo)
	silent.Close()
	existing := "# reviewed by Ana\n" + string(known.KnownHosts()) +
		line(changed.Addr(), sshtest.Key(t).PublicKey()) + line(otherKind.Addr(), sshtest.Key(t).PublicKey())
	text, results := enroll(t, []byte(existing),
		Target{Tenant: "acme", Name: "e-gone", Address: silent.Addr()}, Target{Tenant: "acme", Name: "c-changed", Address: changed.Addr()},
		Target{Tenant: "acme", Name: "a-fresh", Address: fresh.Addr()}, Target{Tenant: "acme", Name: "b-known", Address: known.Addr()},
		Target{Tenant: "acme", Name: "d-kind", Address: otherKind.Addr()}, Target{Tenant: "acme", Name: "f-bad", Address: "a b"})

	want := []EnrollState{KeyNew, KeySame, KeyChanged, KeyChanged, KeyUnreachable, KeyUnreachable}
	for i, r := range results {
		if r.State != want[i] || (r.Err != nil) != (r.State == KeyChanged || r.State == KeyUnreachable) {
			t.Errorf("%s: %s, %v", r.Host, r.State, r.Err)
		}
		if r.State == KeyChanged && (!errors.Is(r.Err, ErrHostKey) || r.Fingerprint == "" || len(r.Known) != 1) {
			t.Errorf("%s: %+v", r.Host, r)
		}
	}
	checkOnlyAdded(t, existing, string(text), strings.TrimSpace(string(fresh.KnownHosts())))
	for _, s := range []*sshtest.Server{fresh, known, changed} {
		if len(s.Users()) != 0 {
			t.Errorf("enrolment logged in as %q", s.Users())
		}
	}
}

// checkOnlyAdded proves that nothing which was reviewed has changed, and that exactly the wanted lines came.
func checkOnlyAdded(t *testing.T, before, after string, want ...string) {
	t.Helper()
	old := strings.Split(strings.TrimSuffix(before, "\n"), "\n")
	var kept, added []string
	for _, l := range strings.Split(strings.TrimSuffix(after, "\n"), "\n") {
		if len(old) > 0 && l == old[0] {
			kept, old = append(kept, l), old[1:]
			continue
		}
		added = append(added, l)
	}
	if len(old) != 0 || !slices.Equal(added, want) {
		t.Errorf("kept %q, lost %q, added %q", kept, old, added)
	}
}

func TestEnrollTwiceGivesTheSameBytes(t *testing.T) {
	a, b := sshtest.NewServer(t, echo), sshtest.NewServer(t, echo)
	targets := []Target{{Tenant: "acme", Name: "a", Address: a.Addr()}, {Tenant: "acme", Name: "b", Address: b.Addr()}, {Tenant: "acme", Name: "alias", Address: a.Addr()}}
	first, _ := enroll(t, nil, targets...)
	slices.Reverse(targets)
	again, _ := enroll(t, nil, targets...)
	second, results := enroll(t, first, targets...)
	if !bytes.Equal(first, again) || !bytes.Equal(first, second) || bytes.Count(first, []byte("\n")) != 2 {
		t.Errorf("got\n%s\n%s\n%s", first, again, second)
	}
	for _, r := range results {
		if r.State != KeySame {
			t.Errorf("%s: %s", r.Host, r.State)
		}
	}
	newWorld(t, first).withKey().mustDial(a.Addr())
}

func TestEnrollAcceptsACertifiedHost(t *testing.T) {
	ca := sshtest.Key(t)
	s := sshtest.NewServer(t, echo, sshtest.HostKeys(certified(t, ca, "127.0.0.1", ssh.HostCert, ssh.CertTimeInfinity)))
	existing := []byte(authority(ca)(""))
	text, results := enroll(t, existing, Target{Tenant: "acme", Name: "a", Address: s.Addr()})
	if results[0].State != KeySame || !bytes.Equal(text, existing) {
		t.Errorf("got %+v\n%s", results[0], text)
	}
}

func TestNewLinesStandInOrder(t *testing.T) {
	existing := "# header\n\n@cert-authority *.x ssh-ed25519 K\n# for b\nb ssh-ed25519 K\nd ssh-ed25519 K\n"
	got := addLines([]byte(existing), []string{"e ssh-ed25519 K", "c ssh-ed25519 K", "", "a ssh-ed25519 K", "c ssh-ed25519 K"})
	want := "# header\n\n@cert-authority *.x ssh-ed25519 K\na ssh-ed25519 K\n# for b\nb ssh-ed25519 K\nc ssh-ed25519 K\nd ssh-ed25519 K\ne ssh-ed25519 K\n"
	if string(got) != want {
		t.Errorf("got\n%s", got)
	}
}

// Whatever a file holds, no line of it is lost or moved, and adding again adds nothing but is refused no key.
func FuzzAddLines(f *testing.F) {
	f.Add("# c\nb k\n", "a k")
	f.Add("|1|x= k\r\n\n\n@revoked * k", "z k")
	f.Add("b k\n#end", "a k")
	f.Fuzz(func(t *testing.T, existing, added string) {
		if strings.Contains(added, "\n") || added == "" || existing == "" || slices.Contains(strings.Split(existing, "\n"), added) {
			return
		}
		checkOnlyAdded(t, existing+"\n", string(addLines([]byte(existing+"\n"), []string{added})), added)
	})
}

// Text that a repository holds must never crash the runner, and never be read as trust in a key that it does not name.
func FuzzKnownHosts(f *testing.F) {
	key := sshtest.Key(f)
	f.Add([]byte(line("10.0.0.1:22", key.PublicKey())))
	f.Add([]byte("@cert-authority * " + authorized(key)))
	f.Add([]byte("@revoked * " + authorized(key)))
	f.Add([]byte("|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|AAAAAAAAAAAAAAAAAAAAAAAAAAA= " + authorized(key)))
	f.Add([]byte("!*,[::1]:2222,*.x " + authorized(key)))
	stranger := sshtest.Key(f).PublicKey()
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := parseHostKeys(text)
		if err != nil {
			return
		}
		keys.algorithms("10.0.0.1:22")
		if keys.check("10.0.0.1:22", noAddr, stranger) == nil {
			t.Fatalf("%q accepts a key that it cannot know", text)
		}
	})
}
