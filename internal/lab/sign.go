//go:build linux

package lab

import (
	"bytes"
	"crypto"
	"fmt"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// signers are the key the hosts trust and one they do not. They live only while the mirror is made: what is never
// written cannot leak.
type signers struct{ lab, stranger *openpgp.Entity }

func newSigners() (signers, error) {
	lab, err := newSigner("Ringfence lab")
	if err != nil {
		return signers{}, err
	}
	stranger, err := newSigner("Stranger")
	return signers{lab, stranger}, err
}

// newSigner makes an Ed25519 key in the form that gpgv of bookworm reads. gpg itself would leave an agent behind.
func newSigner(name string) (*openpgp.Entity, error) {
	e, err := openpgp.NewEntity(name, "", "lab@lab.invalid", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, Curve: packet.Curve25519, DefaultHash: crypto.SHA512,
	})
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	return e, nil
}

// keyring is the public key as apt's signed-by wants it.
func (s signers) keyring() ([]byte, error) {
	var b bytes.Buffer
	err := s.lab.Serialize(&b)
	return b.Bytes(), err
}

func (s signers) sign(t trust, text []byte) ([]byte, error) {
	key := s.lab
	if t == wrongKey {
		key = s.stranger
	}
	var b bytes.Buffer
	w, err := clearsign.Encode(&b, key.PrivateKey, &packet.Config{DefaultHash: crypto.SHA512})
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return b.Bytes(), nil
}
