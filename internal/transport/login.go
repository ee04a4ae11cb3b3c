package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/ringfence/ringfence/internal/untrusted"
)

// login is one handshake with one hop, and what was learnt in it.
type login struct {
	ctx     context.Context // of the handshake: the library asks back through callbacks without one
	ssh     *SSH
	hop     hop
	keyErr  error // what the host key check said
	checked bool  // the host key is the known one
	asked   bool  // the host wanted a client key
	ring    keyring
}

func (l *login) run(conn net.Conn, algorithms []string) (*ssh.Client, error) {
	defer l.ring.close()
	stop := context.AfterFunc(l.ctx, func() { conn.Close() })
	w := newWire(conn)
	c, channels, requests, err := ssh.NewClientConn(w, l.hop.key, &ssh.ClientConfig{
		User:              l.hop.user,
		HostKeyAlgorithms: algorithms,
		HostKeyCallback:   l.checkHostKey,
		Auth:              []ssh.AuthMethod{ssh.PublicKeysCallback(l.clientKeys)},
		BannerCallback:    func(string) error { return nil },
	})
	if err != nil {
		stop()
		conn.Close()
		return nil, l.explain(err)
	}
	client := ssh.NewClient(c, channels, requests)
	if !stop() {
		client.Close()
		return nil, unreachable(l.ctx, l.hop.dial, errors.New("the login took too long"))
	}
	w.open.Store(true)
	return client, nil
}

func (l *login) checkHostKey(addr string, remote net.Addr, key ssh.PublicKey) error {
	l.keyErr = l.ssh.keys.check(addr, remote, key)
	l.checked = l.keyErr == nil
	return l.keyErr
}

func (l *login) clientKeys() ([]ssh.Signer, error) {
	l.asked = true
	return l.ring.collect(l.ctx, l.ssh, l.hop), nil
}

// explain turns the library's error into one that callers can branch on.
func (l *login) explain(err error) error {
	var negotiation *ssh.AlgorithmNegotiationError
	switch {
	case l.keyErr != nil:
		return l.keyErr
	case errors.As(err, &negotiation):
		return l.noCommonAlgorithm(negotiation)
	case l.ctx.Err() != nil || !l.checked || isCut(err) || !l.refused(err):
		return unreachable(l.ctx, l.hop.dial, err)
	case l.asked && len(l.ring.offered) == 0:
		return fmt.Errorf("%w for %s@%s%s", ErrNoClientKey, l.hop.user, l.hop.dial, l.ring.remarks())
	}
	return fmt.Errorf("%w of %s@%s with %d keys: %s%s", ErrAuth, l.hop.user, l.hop.dial, len(l.ring.offered), untrusted.Line(err.Error(), maxSaid), l.ring.remarks())
}

// noCommonAlgorithm tells a host that has another kind of key than the known one from one that is merely too old.
func (l *login) noCommonAlgorithm(err *ssh.AlgorithmNegotiationError) error {
	offers := untrusted.Line(strings.Join(err.RequestedAlgorithms, ", "), 200)
	safe := ssh.SupportedAlgorithms().HostKeys
	if strings.Contains(err.What, "host key") && slices.ContainsFunc(err.RequestedAlgorithms, func(a string) bool { return slices.Contains(safe, a) }) {
		return &HostKeyError{Host: l.hop.key, Known: l.ssh.keys.known(l.hop.key), Why: "it offers only " + offers}
	}
	return unreachable(l.ctx, l.hop.dial, fmt.Errorf("no safe %s in common: the host offers only %s", err.What, offers))
}

// refused reports whether the host said no, rather than something that is no SSH.
func (l *login) refused(err error) bool {
	return l.asked || strings.Contains(err.Error(), "unable to authenticate") || strings.Contains(err.Error(), "disconnect, reason")
}

func isCut(err error) bool {
	var network net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errHello) || errors.As(err, &network)
}

func (k *keyring) remarks() string {
	if len(k.notes) == 0 {
		return "; load one into ssh-agent, or name a key file in ssh_config or " + keyVariable
	}
	return "; " + strings.Join(k.notes, "; ")
}
