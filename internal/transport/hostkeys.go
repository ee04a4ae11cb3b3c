package transport

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"github.com/ringfence/ringfence/internal/untrusted"
)

// HostKeyError says that a host proved to be somebody else than the one we know: the host is quarantined until a
// person has looked. Nothing, not even a user name, was sent to it.
type HostKeyError struct {
	Host  string   // as known_hosts names it
	Known []string // fingerprints that would have been accepted
	Got   string   // fingerprint that was presented; empty if the host had none of the known types
	Why   string
}

func (e *HostKeyError) Error() string {
	got := e.Got
	if got == "" {
		got = "none of a known type"
	}
	return fmt.Sprintf("%v: %s presents %s, known is %s: %s", ErrHostKey, e.Host, got, strings.Join(e.Known, " or "), e.Why)
}

// Unwrap makes errors.Is(err, ErrHostKey) hold.
func (e *HostKeyError) Unwrap() error { return ErrHostKey }

// hostKeys answers which host keys are known. It never learns a key by itself.
type hostKeys struct{ db *knownhosts.HostKeyDB }

// parseHostKeys reads text in known_hosts format: host and @cert-authority lines, hashed or not, and @revoked.
func parseHostKeys(text []byte) (*hostKeys, error) {
	path, err := writeTemp(text)
	if err != nil {
		return nil, fmt.Errorf("read known_hosts: %w", err)
	}
	defer os.Remove(path)
	db, err := knownhosts.NewDB(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrConfig, strings.ReplaceAll(err.Error(), path, "known_hosts"))
	}
	return &hostKeys{db}, nil
}

// writeTemp exists because the known_hosts parser takes files only.
func writeTemp(text []byte) (string, error) {
	f, err := os.CreateTemp("", "ringfence-known-hosts-") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// algorithms lists, in the order of known_hosts, the host key algorithms whose keys are known for addr, so that a
// host is asked for the key that we can check. Algorithms that are no longer safe are left out.
func (h *hostKeys) algorithms(addr string) []string {
	safe := ssh.SupportedAlgorithms().HostKeys
	return slices.DeleteFunc(h.db.HostKeyAlgorithms(addr), func(a string) bool { return !slices.Contains(safe, a) })
}

// known returns the fingerprints of the keys and authorities that are accepted for addr.
func (h *hostKeys) known(addr string) []string {
	var prints []string
	for _, k := range h.db.HostKeys(addr) {
		p := ssh.FingerprintSHA256(k)
		if k.Cert {
			p = "authority " + p
		}
		prints = append(prints, p)
	}
	return prints
}

// check returns nil only if key is known for addr, or certified for it by a known authority.
func (h *hostKeys) check(addr string, remote net.Addr, key ssh.PublicKey) error {
	err := h.db.HostKeyCallback()(addr, remote, key)
	if err == nil && !h.isAuthorityOnly(addr, key) {
		return nil
	}
	known := h.known(addr)
	if len(known) == 0 {
		return unknownHost(addr)
	}
	return &HostKeyError{Host: knownhosts.Normalize(addr), Known: known, Got: ssh.FingerprintSHA256(plainKey(key)), Why: whyNot(err)}
}

// isAuthorityOnly closes a gap of the parser: it takes the key of an authority for a host's own key.
func (h *hostKeys) isAuthorityOnly(addr string, key ssh.PublicKey) bool {
	if _, ok := key.(*ssh.Certificate); ok {
		return false
	}
	return !slices.ContainsFunc(h.db.HostKeys(addr), func(k knownhosts.PublicKey) bool {
		return !k.Cert && string(k.Marshal()) == string(key.Marshal())
	})
}

func plainKey(key ssh.PublicKey) ssh.PublicKey {
	if cert, ok := key.(*ssh.Certificate); ok {
		return cert.Key
	}
	return key
}

func whyNot(err error) string {
	var revoked *xknownhosts.RevokedError
	switch {
	case err == nil:
		return "an authority's key is not a host key"
	case errors.As(err, &revoked):
		return "the key is revoked"
	case knownhosts.IsHostKeyChanged(err):
		return "it was reinstalled, or somebody is in between"
	}
	return untrusted.Line(strings.TrimPrefix(err.Error(), "ssh: "), maxSaid)
}

func unknownHost(addr string) error {
	return fmt.Errorf("%w: known_hosts has no line for %s; review and commit its key: ringfence hosts enroll", ErrHostKeyUnknown, knownhosts.Normalize(addr))
}
