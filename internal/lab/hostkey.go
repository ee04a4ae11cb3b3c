//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// waitKey waits until sshd shows a key. One that was told to read its keys anew answers with the old one for a moment,
// and then not at all for another.
func (h *Host) waitKey(ctx context.Context, public string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		shown, err := h.shownKey(ctx)
		if err == nil && shown == public {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: sshd does not show its new key: %v", h.Name, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// shownKey asks sshd for its key and leaves.
func (h *Host) shownKey(ctx context.Context) (string, error) {
	c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", h.Addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	var shown string
	seen := errors.New("seen")
	_, _, _, err = ssh.NewClientConn(c, h.Addr, &ssh.ClientConfig{HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
		shown = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
		return seen
	}})
	if shown == "" {
		return "", err
	}
	return shown, nil
}
