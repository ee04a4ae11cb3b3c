package transport

import (
	"context"
	"errors"
	"fmt"
	"net"

	"golang.org/x/crypto/ssh"
)

var errSeen = errors.New("the key was seen")

var _ ScanKey = (*SSH)(nil).HostKey

// HostKey returns the key that a host proves to have and hangs up. The host gets no user name and no credential; jump
// hosts on the way are logged in to, so their keys must be known.
func (s *SSH) HostKey(ctx context.Context, t Target, algorithms []string) (ssh.PublicKey, error) {
	hops, err := s.route(t)
	if err != nil {
		return nil, err
	}
	last := hops[len(hops)-1]
	via, err := s.connect(ctx, hops[:len(hops)-1])
	if err != nil {
		return nil, fmt.Errorf("%s: jump host: %w", t.Name, err)
	}
	defer closeAll(via)
	conn, err := s.dial(ctx, via, last)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.HandshakeTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	key, err := peek(conn, last.key, algorithms)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Name, (&login{ctx: ctx, ssh: s, hop: last}).explain(err))
	}
	return key, nil
}

// peek runs the key exchange, in which the host proves that it holds the key, and stops there.
func peek(conn net.Conn, addr string, algorithms []string) (ssh.PublicKey, error) {
	defer conn.Close()
	var seen ssh.PublicKey
	_, _, _, err := ssh.NewClientConn(newWire(conn), addr, &ssh.ClientConfig{
		HostKeyAlgorithms: algorithms,
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			seen = key
			return errSeen
		},
	})
	if seen == nil {
		return nil, err
	}
	return seen, nil
}

// Jumps returns the jump hosts that lead to a target, in order, so that their keys can be enrolled too.
func (s *SSH) Jumps(t Target) ([]Target, error) {
	hops, err := s.route(t)
	if err != nil {
		return nil, err
	}
	var jumps []Target
	for _, h := range hops[:len(hops)-1] {
		jumps = append(jumps, Target{Tenant: t.Tenant, Name: h.key, Address: h.key, User: h.user})
	}
	return jumps, nil
}
