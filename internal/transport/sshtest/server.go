// Package sshtest is an SSH server inside the test process. It answers commands with a function, records what
// clients tried, and can misbehave in every way that a broken or hostile host does.
package sshtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Handler answers one command line and returns its exit code, or one of the outcomes below.
type Handler func(line string, stdout, stderr io.Writer) int

// Outcomes of a Handler that are no exit code.
const (
	NoStatus      = -1 // the channel is closed without a status
	Cut           = -2 // the connection drops without a status
	StatusThenCut = -3 // status 0 arrives, then the connection drops before the channel is closed
	Killed        = -4 // the command was ended by SIGKILL
	StatusThenNap = -5 // status 0 arrives, the output stays open for ever
)

// Server listens on loopback until the test ends.
type Server struct {
	handler Handler
	setup
	listener net.Listener
	wg       sync.WaitGroup

	mu       sync.Mutex
	conns    []net.Conn
	closed   bool
	users    []string
	commands []string
	forwards []string
}

// NewServer starts a server. Without options it has an Ed25519 host key and accepts every public key.
func NewServer(t testing.TB, h Handler, opts ...Option) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{handler: h, listener: l}
	for _, o := range opts {
		o(&s.setup)
	}
	if len(s.hostKeys) == 0 {
		s.hostKeys = []ssh.Signer{Key(t)}
	}
	s.wg.Go(s.accept)
	t.Cleanup(s.Close)
	return s
}

// Key returns a new Ed25519 key.
func Key(t testing.TB) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// Addr is the server's host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// KnownHosts returns the known_hosts lines of the server's keys.
func (s *Server) KnownHosts() []byte {
	var text []byte
	for _, k := range s.hostKeys {
		text = append(text, knownhosts.Line([]string{s.Addr()}, k.PublicKey())+"\n"...)
	}
	return text
}

// Users returns the user name of every login attempt, whatever its method and whatever came of it: it is empty as long
// as no client went beyond the key exchange.
func (s *Server) Users() []string { return s.recorded(&s.users) }

// Commands returns the command lines that were asked for.
func (s *Server) Commands() []string { return s.recorded(&s.commands) }

// Forwards returns the addresses that were dialled through the server.
func (s *Server) Forwards() []string { return s.recorded(&s.forwards) }

func (s *Server) recorded(list *[]string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(*list)
}

func (s *Server) record(list *[]string, v string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*list = append(*list, v)
}

// Close drops every connection and waits for all that served them.
func (s *Server) Close() {
	s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for _, c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		if !s.track(c) {
			return
		}
		s.wg.Go(func() {
			defer c.Close()
			s.serve(c)
		})
	}
}

func (s *Server) track(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, c)
	if s.closed {
		c.Close()
	}
	return !s.closed
}

func (s *Server) serve(c net.Conn) {
	if s.silent {
		io.Copy(io.Discard, c)
		return
	}
	for range s.preamble {
		if _, err := c.Write(s.preambleText); err != nil {
			return
		}
	}
	sc, channels, requests, err := ssh.NewServerConn(c, s.config())
	if err != nil {
		return
	}
	s.wg.Go(func() { s.global(requests) })
	for ch := range channels {
		s.channel(sc, ch)
	}
}

// global answers keepalives, unless the link plays dead.
func (s *Server) global(requests <-chan *ssh.Request) {
	for r := range requests {
		if r.WantReply && !s.deaf {
			r.Reply(false, nil)
		}
	}
}

var errWrongKey = errors.New("this key is not authorised")

func (s *Server) config() *ssh.ServerConfig {
	c := &ssh.ServerConfig{MaxAuthTries: -1, NoClientAuth: s.noAuth}
	c.PublicKeyCallback = func(_ ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		return nil, s.authorise(c, k)
	}
	c.AuthLogCallback = func(m ssh.ConnMetadata, _ string, _ error) { s.record(&s.users, m.User()) }
	if s.prompts {
		c.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			for {
				if _, err := ask("", "once more", []string{"password?"}, []bool{false}); err != nil {
					return nil, err
				}
			}
		}
	}
	if s.banner != "" {
		c.BannerCallback = func(ssh.ConnMetadata) string { return s.banner }
	}
	if s.algorithms != nil {
		c.Config = *s.algorithms
	}
	for _, k := range s.hostKeys {
		c.AddHostKey(k)
	}
	return c
}

func (s *Server) authorise(c *ssh.ServerConfig, k ssh.PublicKey) error {
	if s.prompts { // "well done, now once more", for ever
		return &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{
			PublicKeyCallback: c.PublicKeyCallback, KeyboardInteractiveCallback: c.KeyboardInteractiveCallback,
		}}
	}
	ok := s.authorised == nil || slices.ContainsFunc(s.authorised, func(a ssh.PublicKey) bool {
		return string(a.Marshal()) == string(k.Marshal())
	})
	switch {
	case ok:
		return nil
	case s.refusal != "":
		return &ssh.BannerError{Err: errWrongKey, Message: s.refusal}
	}
	return errWrongKey
}
