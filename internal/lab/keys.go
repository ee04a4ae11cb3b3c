//go:build linux

package lab

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// sshKey is a key pair as files hold it.
type sshKey struct {
	private []byte // OpenSSH PEM
	public  string // "ssh-ed25519 AAAA…", the form of authorized_keys
}

func newSSHKey(comment string) (sshKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return sshKey{}, fmt.Errorf("ssh key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return sshKey{}, fmt.Errorf("ssh key: %w", err)
	}
	line, err := ssh.NewPublicKey(public)
	if err != nil {
		return sshKey{}, fmt.Errorf("ssh key: %w", err)
	}
	return sshKey{pem.EncodeToMemory(block), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(line)))}, nil
}

// newUUID is a random boot id in the kernel's notation.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
