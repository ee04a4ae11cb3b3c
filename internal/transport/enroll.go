package transport

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"
)

// EnrollState says what enrolment found at an address.
type EnrollState string

// The states.
const (
	KeyNew         EnrollState = "new"         // not known before; its line was added for review
	KeySame        EnrollState = "same"        // what known_hosts already accepts
	KeyChanged     EnrollState = "changed"     // known_hosts expects another key; nothing was changed
	KeyUnreachable EnrollState = "unreachable" // no key was seen
)

// Enrolled is what enrolment found of one target. KeyType and Fingerprint are empty if no key was seen.
type Enrolled struct {
	Host        string
	Address     string
	KeyType     string
	Fingerprint string
	Known       []string // fingerprints that known_hosts accepts, for KeyChanged
	State       EnrollState
	Err         error // for KeyChanged and KeyUnreachable
}

// ScanKey fetches the key that a target presents without logging in; SSH.HostKey is one. Algorithms are in order of
// preference.
type ScanKey func(ctx context.Context, t Target, algorithms []string) (ssh.PublicKey, error)

// preferred are the host key algorithms to enrol, best first. Certificates are left out: an authority is declared by
// a person, never learnt from a host.
var preferred = []string{
	ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
}

// noAddr stands where the library wants to know the IP address that it then does not use.
var noAddr = &net.TCPAddr{IP: net.IPv4zero}

// atOnce bounds the handshakes that enrolment runs side by side.
const atOnce = 16

// Enroll looks at the key of every target and returns known_hosts text with a line for each address that existing
// does not cover. It never replaces or removes a line: a key that changed is reported, and a person must remove the
// old line. The text is a proposal for review; the same keys give the same bytes. Results are in order of host and
// address. The error concerns existing, or ctx.
func Enroll(ctx context.Context, targets []Target, existing []byte, scan ScanKey) ([]byte, []Enrolled, error) {
	keys, err := parseHostKeys(existing)
	if err != nil {
		return nil, nil, err
	}
	results, added := make([]Enrolled, len(targets)), make([]string, len(targets))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, t := range targets {
		group.Go(func() error {
			results[i], added[i] = keys.enroll(ctx, t, scan)
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(results, func(a, b Enrolled) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Address, b.Address))
	})
	return addLines(existing, added), results, nil
}

// enroll returns the result for one target, and the line to add if its key is new.
func (h *hostKeys) enroll(ctx context.Context, t Target, scan ScanKey) (Enrolled, string) {
	e := Enrolled{Host: t.Name, Address: t.Address, State: KeyUnreachable}
	host, port, err := splitAddress(t.Address)
	if err != nil {
		e.Err = err
		return e, ""
	}
	addr := keyAddress(host, port)
	key, err := h.look(ctx, t, addr, scan)
	if err != nil {
		e.Err = err
		return e, ""
	}
	e.KeyType, e.Fingerprint = plainKey(key).Type(), ssh.FingerprintSHA256(plainKey(key))
	if e.Known = h.known(addr); len(e.Known) == 0 {
		e.State, e.Known = KeyNew, nil
		return e, knownhosts.Line([]string{addr}, plainKey(key))
	}
	if e.Err = h.check(addr, noAddr, key); e.Err != nil {
		e.State = KeyChanged
		return e, ""
	}
	e.State, e.Known = KeySame, nil
	return e, ""
}

// look asks for the kind of key that is known, as a connection would; if the host has none of that kind, for any.
func (h *hostKeys) look(ctx context.Context, t Target, addr string, scan ScanKey) (ssh.PublicKey, error) {
	if known := h.algorithms(addr); len(known) > 0 {
		key, err := scan(ctx, t, known)
		if !errors.Is(err, ErrHostKey) {
			return key, err
		}
	}
	return scan(ctx, t, preferred)
}

// addLines puts new lines where they sort among the host lines of existing, and leaves everything else as it is:
// comments stay above their line. Empty and repeated lines are dropped.
func addLines(existing []byte, added []string) []byte {
	var lines []string
	if text := strings.TrimSuffix(string(existing), "\n"); text != "" {
		lines = strings.Split(text, "\n")
	}
	slices.Sort(added)
	for _, l := range slices.Compact(added) {
		if l != "" {
			lines = slices.Insert(lines, placeOf(lines, l), l)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return []byte(strings.Join(lines, "\n") + "\n")
}

func placeOf(lines []string, line string) int {
	at := slices.IndexFunc(lines, func(l string) bool {
		return l != "" && !strings.ContainsRune("#@| \t\r", rune(l[0])) && l > line
	})
	if at < 0 {
		return len(lines)
	}
	for at > 0 && strings.HasPrefix(lines[at-1], "#") {
		at--
	}
	return at
}
