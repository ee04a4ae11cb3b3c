package signing

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// Agent is the word that stands for the only key of the user's ssh-agent.
const Agent = "agent"

// maxKey bounds a key file.
const maxKey = 64 << 10

// Key signs as one person or runner.
type Key struct {
	public ssh.PublicKey
	signer func() (s ssh.Signer, done func(), err error)
}

// Open finds a key by what RINGFENCE_SIGNING_KEY may say: the file of a private key without a passphrase; the file of a
// public key, or "key::ssh-ed25519 …" as git writes it, whose private half the ssh-agent at socket has; or "agent" for
// the agent's only key. A private key that others may read is refused, as ssh refuses it.
func Open(name, socket string) (*Key, error) {
	if name == Agent {
		return onlyKey(socket)
	}
	if text, ok := strings.CutPrefix(name, "key::"); ok {
		return agentKey([]byte(text), socket)
	}
	raw, err := readKey(name)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	if _, _, _, _, err := ssh.ParseAuthorizedKey(raw); err == nil {
		return agentKey(raw, socket)
	}
	return fileKey(name, raw, socket)
}

// FromSigner is a key that is in memory already.
func FromSigner(s ssh.Signer) *Key {
	return &Key{s.PublicKey(), func() (ssh.Signer, func(), error) { return s, func() {}, nil }}
}

func readKey(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxKey {
		return nil, fmt.Errorf("%s is no key file", name)
	}
	return os.ReadFile(name)
}

// fileKey reads a private key. One with a passphrase is looked for in the agent, under its public half.
func fileKey(name string, raw []byte, socket string) (*Key, error) {
	if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("signing key %s: others may read it; protect it: chmod 600 %s", name, filepath.Base(name))
	}
	signer, err := ssh.ParsePrivateKey(raw)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) && locked.PublicKey != nil {
		k, err := fromAgent(locked.PublicKey, socket)
		if err != nil {
			return nil, fmt.Errorf("signing key %s has a passphrase: %w; add it: ssh-add %s", name, err, name)
		}
		return k, nil
	}
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", name, err)
	}
	return FromSigner(signer), nil
}

func agentKey(text []byte, socket string) (*Key, error) {
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	return fromAgent(public, socket)
}

func onlyKey(socket string) (*Key, error) {
	a, done, err := dial(socket)
	if err != nil {
		return nil, err
	}
	defer done()
	keys, err := a.List()
	if err != nil {
		return nil, fmt.Errorf("signing key: ssh-agent: %w", err)
	}
	if len(keys) != 1 {
		return nil, fmt.Errorf("signing key: the ssh-agent has %d keys; name one by its public key's file", len(keys))
	}
	public, err := ssh.ParsePublicKey(keys[0].Blob)
	if err != nil {
		return nil, fmt.Errorf("signing key: ssh-agent: %w", err)
	}
	return fromAgent(public, socket)
}

// fromAgent makes sure that the agent has the key now. It is asked anew for each signature: agents are restarted.
func fromAgent(public ssh.PublicKey, socket string) (*Key, error) {
	k := &Key{public, func() (ssh.Signer, func(), error) { return inAgent(public, socket) }}
	_, done, err := k.signer()
	if err != nil {
		return nil, err
	}
	done()
	return k, nil
}

func inAgent(public ssh.PublicKey, socket string) (ssh.Signer, func(), error) {
	a, done, err := dial(socket)
	if err != nil {
		return nil, nil, err
	}
	signers, err := a.Signers()
	if err != nil {
		done()
		return nil, nil, fmt.Errorf("signing key: ssh-agent: %w", err)
	}
	for _, s := range signers {
		if bytes.Equal(s.PublicKey().Marshal(), public.Marshal()) {
			return s, done, nil
		}
	}
	done()
	return nil, nil, fmt.Errorf("signing key: the ssh-agent does not have %s", ssh.FingerprintSHA256(public))
}

func dial(socket string) (agent.ExtendedAgent, func(), error) {
	if socket == "" {
		return nil, nil, errors.New("signing key: no ssh-agent is running: SSH_AUTH_SOCK is not set")
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, nil, fmt.Errorf("signing key: ssh-agent: %w", err)
	}
	return agent.NewClient(conn), func() { conn.Close() }, nil
}

// Fingerprint names the key as ssh-keygen -l does.
func (k *Key) Fingerprint() string { return ssh.FingerprintSHA256(k.public) }

// PublicKey is the key's line for allowed_signers, without principals.
func (k *Key) PublicKey() string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k.public)))
}

// Sign returns the armored signature of a commit's text, and only one that verifies.
func (k *Key) Sign(payload []byte) ([]byte, error) {
	signer, done, err := k.signer()
	if err != nil {
		return nil, err
	}
	defer done()
	s, err := sshsig.Sign(bytes.NewReader(payload), signer, sshsig.HashSHA512, Namespace)
	if err != nil {
		return nil, fmt.Errorf("sign with %s: %w", k.Fingerprint(), err)
	}
	if err := check(payload, s, k.public, Namespace); err != nil {
		return nil, fmt.Errorf("sign with %s: %w", k.Fingerprint(), err)
	}
	return armor(s), nil
}
