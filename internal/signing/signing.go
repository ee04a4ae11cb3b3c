// Package signing makes and checks SSH signatures in the way of git and ssh-keygen (PROTOCOL.sshsig): a Key signs, and
// Signers, read from a file in OpenSSH's allowed_signers format, say whose signature counts from when to when. What it
// accepts, git verify-commit with gpg.format=ssh accepts, too.
//
// It is pure but for Open, which reads a key file or speaks to the user's ssh-agent.
package signing

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// Namespace is that of signatures on commits: a signature made for another purpose is never taken for one.
const Namespace = "git"

// Errors that callers branch on.
var (
	ErrSignature  = errors.New("the signature is wrong")
	ErrUnknownKey = errors.New("the key is not among the allowed signers")
	ErrNotValid   = errors.New("the key was not valid at that time")
)

const (
	armorBegin = "-----BEGIN SSH SIGNATURE-----\n"
	armorEnd   = "-----END SSH SIGNATURE-----\n"
	armorWidth = 70 // ssh-keygen's
)

// armor writes a signature exactly as ssh-keygen does.
func armor(s *sshsig.Signature) []byte {
	text := base64.StdEncoding.EncodeToString(s.Marshal())
	var b bytes.Buffer
	b.WriteString(armorBegin)
	for len(text) > 0 {
		n := min(armorWidth, len(text))
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	b.WriteString(armorEnd)
	return b.Bytes()
}

// unarmor reads a signature. It accepts one form only, so that nobody can change a byte of a signed commit and have it
// still count as signed.
func unarmor(armored []byte) (*sshsig.Signature, error) {
	s, err := sshsig.Unarmor(armored)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if !bytes.Equal(armor(s), armored) {
		return nil, fmt.Errorf("%w: it is not written as ssh-keygen writes it", ErrSignature)
	}
	if !securityKey(s.PublicKey) && len(s.Signature.Rest) > 0 {
		return nil, fmt.Errorf("%w: something follows it", ErrSignature)
	}
	return s, nil
}

// securityKey reports whether a key lives in a FIDO token, whose signatures have a flag and a counter at their end.
func securityKey(k ssh.PublicKey) bool {
	return k.Type() == ssh.KeyAlgoSKED25519 || k.Type() == ssh.KeyAlgoSKECDSA256
}

// check verifies a signature by one key.
func check(payload []byte, s *sshsig.Signature, k ssh.PublicKey, namespace string) error {
	if err := sshsig.Verify(bytes.NewReader(payload), s, k, s.HashAlgorithm, namespace); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}
