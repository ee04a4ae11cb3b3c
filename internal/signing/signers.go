package signing

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Signers are the keys of an allowed_signers file.
type Signers struct{ list []allowed }

// allowed is one line: whose key it is, what for and when.
type allowed struct {
	principals string
	key        ssh.PublicKey
	namespaces string // "": any
	after      time.Time
	before     time.Time
	text       string
}

// Signer is who made a signature.
type Signer struct {
	Principal   string // the line's, as it stands there
	Fingerprint string
	Line        string // the whole line of allowed_signers
}

// ParseSigners reads an allowed_signers file (ssh-keygen(1), ALLOWED SIGNERS). It is stricter than ssh-keygen, which
// skips what it does not understand: any line that cannot be read is an error. So are certificate authorities, and
// instants in local time, which mean something else on every machine.
func ParseSigners(raw []byte) (*Signers, error) {
	s := &Signers{}
	n := 0
	for line := range strings.Lines(string(raw)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		a, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("allowed signers, line %d: %w", n, err)
		}
		s.list = append(s.list, a)
	}
	return s, nil
}

func parseLine(line string) (allowed, error) {
	a := allowed{text: line}
	principals, rest, err := cutPrincipals(line)
	if err != nil {
		return a, err
	}
	key, _, options, more, err := ssh.ParseAuthorizedKey([]byte(rest))
	if err != nil || len(bytes.TrimSpace(more)) > 0 {
		return a, errors.New("after the principals there is no public key")
	}
	if _, ok := key.(*ssh.Certificate); ok {
		return a, errors.New("it names a certificate; name the key itself")
	}
	a.principals, a.key = principals, key
	return a, a.options(options)
}

// cutPrincipals splits off the first word, which may be quoted.
func cutPrincipals(line string) (principals, rest string, err error) {
	if quoted, ok := strings.CutPrefix(line, `"`); ok {
		principals, rest, ok = strings.Cut(quoted, `"`)
		if !ok || principals == "" {
			return "", "", errors.New("a quote is not closed")
		}
		return principals, strings.TrimSpace(rest), nil
	}
	i := strings.IndexAny(line, " \t")
	if i < 0 {
		return "", "", errors.New("it has no key")
	}
	return line[:i], strings.TrimSpace(line[i:]), nil
}

func (a *allowed) options(list []string) error {
	seen := map[string]bool{}
	for _, o := range list {
		name, value, _ := strings.Cut(o, "=")
		name = strings.ToLower(name)
		if seen[name] {
			return fmt.Errorf("option %s is given twice", name)
		}
		seen[name] = true
		value, err := unquote(value)
		if err != nil {
			return fmt.Errorf("option %s: %w", name, err)
		}
		if err := a.option(name, value); err != nil {
			return err
		}
	}
	if !a.before.IsZero() && !a.before.After(a.after) {
		return errors.New("it is never valid: valid-before is not later than valid-after")
	}
	return nil
}

func (a *allowed) option(name, value string) (err error) {
	switch name {
	case "namespaces":
		if a.namespaces = value; value == "" {
			err = errors.New("namespaces names none")
		}
	case "valid-after":
		a.after, err = instant(value)
	case "valid-before":
		a.before, err = instant(value)
	case "cert-authority":
		err = errors.New("certificate authorities are not supported: name each key")
	default:
		err = fmt.Errorf("unknown option %q", name)
	}
	return err
}

func unquote(value string) (string, error) {
	if value == "" {
		return "", nil
	}
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' || strings.ContainsAny(value[1:len(value)-1], `"\`) {
		return "", errors.New("its value must stand in double quotes")
	}
	return value[1 : len(value)-1], nil
}

// instant reads YYYYMMDDZ, YYYYMMDDHHMMZ or YYYYMMDDHHMMSSZ.
func instant(value string) (time.Time, error) {
	for _, layout := range []string{"20060102Z", "200601021504Z", "20060102150405Z"} {
		if len(value) != len(layout) {
			continue
		}
		if t, err := time.Parse(layout, value); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no instant in UTC: write 20261231Z or 20261231235959Z", value)
}

// All yields, for each key that may sign commits, its fingerprint and the principals of its line.
func (s *Signers) All() iter.Seq2[string, string] {
	return func(yield func(fingerprint, principals string) bool) {
		for _, a := range s.list {
			if (a.namespaces == "" || matchList(Namespace, a.namespaces)) && !yield(ssh.FingerprintSHA256(a.key), a.principals) {
				return
			}
		}
	}
}

// Len is how many keys are allowed.
func (s *Signers) Len() int { return len(s.list) }

// Verify returns who signed a commit's text. The key must stand in the file for namespace git and be valid at that time,
// ends included, as ssh-keygen -Y verify has it. Errors wrap ErrSignature, ErrUnknownKey or ErrNotValid.
func (s *Signers) Verify(payload, armored []byte, at time.Time) (Signer, error) {
	sig, err := unarmor(armored)
	if err != nil {
		return Signer{}, err
	}
	name := ssh.FingerprintSHA256(sig.PublicKey)
	failed := fmt.Errorf("%w: %s", ErrUnknownKey, name)
	for _, a := range s.list {
		if !bytes.Equal(a.key.Marshal(), sig.PublicKey.Marshal()) || a.namespaces != "" && !matchList(Namespace, a.namespaces) {
			continue
		}
		if at.Before(a.after) || !a.before.IsZero() && at.After(a.before) {
			failed = fmt.Errorf("%w: %s of %s, at %s", ErrNotValid, name, a.principals, at.UTC().Format(time.RFC3339))
			continue
		}
		return Signer{Principal: a.principals, Fingerprint: name, Line: a.text}, check(payload, sig, a.key, Namespace)
	}
	return Signer{}, failed
}

// Names reports whether a name is among the principals of the signer's line, which may hold patterns.
func (s Signer) Names(name string) bool { return matchList(name, s.Principal) }
