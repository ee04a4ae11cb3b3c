package transport

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// keyVariable names the environment variable that holds the path of the one key to use.
const keyVariable = "RINGFENCE_SSH_KEY"

// maxKeyFile bounds what is read in the hope of a key.
const maxKeyFile = 64 << 10

// keyring collects the keys to offer to one hop. It is asked only after the host key was checked.
type keyring struct {
	fromAgent []ssh.Signer
	comments  map[string]string // of the agent's keys, by their bytes
	offered   []ssh.Signer
	notes     []string // why keys that the user may expect are not offered
	conn      net.Conn // to the agent, which signs over it; nil without one
}

func (k *keyring) close() {
	if k.conn != nil {
		k.conn.Close()
	}
}

// collect fills the ring: the file of RINGFENCE_SSH_KEY alone if there is one; else the files that ssh_config names,
// the agent's keys, and OpenSSH's default files if ssh_config names none.
func (k *keyring) collect(ctx context.Context, s *SSH, h hop) []ssh.Signer {
	k.openAgent(ctx, h.agent)
	if h.credential != "" {
		k.named(h.credential, s.cfg.Getenv)
		return k.offered
	}
	if path := s.cfg.Getenv(keyVariable); path != "" {
		k.addFile(path, true)
		return k.offered
	}
	for _, path := range h.identities {
		k.addFile(path, true)
	}
	if !h.identitiesOnly {
		k.offered = append(k.offered, k.fromAgent...)
	}
	if len(h.identities) == 0 {
		for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			k.addFile(filepath.Join(s.cfg.Home, ".ssh", name), false)
		}
	}
	return k.offered
}

// credentialVariable names the environment variable that holds the path of a credential's key.
func credentialVariable(name string) string {
	return keyVariable + "_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// named offers the key of a credential and no other: its file, or the agent's keys that have its name as comment.
func (k *keyring) named(credential string, getenv func(string) string) {
	variable := credentialVariable(credential)
	if path := getenv(variable); path != "" {
		k.addFile(path, true)
		return
	}
	for _, s := range k.fromAgent {
		if k.comments[string(s.PublicKey().Marshal())] == credential {
			k.offered = append(k.offered, s)
		}
	}
	if len(k.offered) == 0 {
		k.note("credential %s: %s is not set, and ssh-agent holds no key with that comment", credential, variable)
	}
}

func (k *keyring) note(format string, args ...any) {
	k.notes = append(k.notes, fmt.Sprintf(format, args...))
}

func (k *keyring) openAgent(ctx context.Context, socket string) {
	if socket == "" {
		return
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		k.note("ssh-agent: %v", err)
		return
	}
	k.conn = conn
	context.AfterFunc(ctx, func() { conn.Close() }) // an agent that waits for a person must not outlast the handshake
	client := agent.NewClient(conn)
	k.comments = map[string]string{}
	if keys, err := client.List(); err == nil {
		for _, key := range keys {
			k.comments[string(key.Blob)] = key.Comment
		}
	}
	signers, err := client.Signers()
	if err != nil {
		k.note("ssh-agent: %v", err)
	}
	for _, s := range signers {
		k.fromAgent = append(k.fromAgent, modern(s))
	}
}

// addFile offers the key in path, or the agent's key that path stands for. A missing file is noted if it was asked for.
func (k *keyring) addFile(path string, asked bool) {
	text, err := readKeyFile(path)
	if err != nil {
		if asked || !errors.Is(err, fs.ErrNotExist) {
			k.note("%v", err)
		}
		return
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err == nil {
		k.offerWithCertificate(path, modern(signer))
		return
	}
	k.addFromAgent(path, text, err)
}

// addFromAgent is for files that only name a key: public ones, and private ones that are encrypted.
func (k *keyring) addFromAgent(path string, text []byte, parseErr error) {
	var locked *ssh.PassphraseMissingError
	encrypted := errors.As(parseErr, &locked)
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if encrypted {
		public, err = publicHalf(path, locked)
	}
	if err == nil && public != nil {
		if i := slices.IndexFunc(k.fromAgent, func(s ssh.Signer) bool { return sameKey(s.PublicKey(), public) }); i >= 0 {
			k.offered = append(k.offered, k.fromAgent[i])
			return
		}
	}
	switch {
	case encrypted:
		k.note("%s is encrypted: load it into ssh-agent with ssh-add", path)
	case err == nil:
		k.note("%s is a public key whose private half ssh-agent does not hold", path)
	default:
		k.note("%s is not a private key", path)
	}
}

func publicHalf(path string, locked *ssh.PassphraseMissingError) (ssh.PublicKey, error) {
	if locked.PublicKey != nil {
		return locked.PublicKey, nil
	}
	text, err := readKeyFile(path + ".pub")
	if err != nil {
		return nil, err
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	return public, err
}

// offerWithCertificate offers the certificate beside a key first, as OpenSSH does.
func (k *keyring) offerWithCertificate(path string, signer ssh.Signer) {
	if s, ok := withCertificate(path+"-cert.pub", signer); ok {
		k.offered = append(k.offered, s)
	}
	k.offered = append(k.offered, signer)
}

// withCertificate is a key with its certificate, if the file holds one of this key.
func withCertificate(path string, signer ssh.Signer) (ssh.Signer, bool) {
	text, err := readKeyFile(path)
	if err != nil {
		return nil, false
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return nil, false
	}
	cert, ok := public.(*ssh.Certificate)
	if !ok {
		return nil, false
	}
	s, err := ssh.NewCertSigner(cert, signer)
	return s, err == nil
}

func readKeyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return nil, fmt.Errorf("%s is not a key file", path)
	}
	return os.ReadFile(path)
}

// modern keeps an RSA key from signing with SHA-1 for servers that say nothing of what they accept.
func modern(s ssh.Signer) ssh.Signer {
	as, ok := s.(ssh.AlgorithmSigner)
	if !ok || s.PublicKey().Type() != ssh.KeyAlgoRSA {
		return s
	}
	limited, err := ssh.NewSignerWithAlgorithms(as, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256})
	if err != nil {
		return s
	}
	return limited
}

func sameKey(a, b ssh.PublicKey) bool {
	return string(a.Marshal()) == string(b.Marshal())
}
