package transport

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ringfence/ringfence/internal/untrusted"
)

// Config is everything that an SSH dialer takes from its surroundings.
type Config struct {
	Tenant     string              // whose hosts KnownHosts covers; Dial refuses those of others
	KnownHosts []byte              // in known_hosts format, from the policy repository at a commit
	Getenv     func(string) string // SSH_AUTH_SOCK and RINGFENCE_SSH_KEY
	Home       string              // for ~ and the default key files
	User       string              // who the runner is: the last resort for the remote user
	SSHConfig  string              // path; empty means .ssh/config in Home

	DialTimeout      time.Duration // for TCP; default 10 s
	HandshakeTimeout time.Duration // for key exchange and login; default 30 s
	KeepAlive        time.Duration // between probes of an idle link, which is dead after three; default 15 s
}

// SSH dials hosts over SSH. A host whose key is not in KnownHosts is never logged in to, and there is no way to
// switch that off. An SSH may be used concurrently.
type SSH struct {
	cfg    Config
	keys   *hostKeys
	config *sshConfig
}

var _ Dialer = (*SSH)(nil)

// NewSSH reads the known hosts and the runner's ssh_config. Its error wraps ErrConfig.
func NewSSH(cfg Config) (*SSH, error) {
	cfg = cfg.withDefaults()
	keys, err := parseHostKeys(cfg.KnownHosts)
	if err != nil {
		return nil, err
	}
	config, err := readSSHConfig(cfg.SSHConfig)
	if err != nil {
		return nil, err
	}
	return &SSH{cfg, keys, config}, nil
}

func (c Config) withDefaults() Config {
	if c.Getenv == nil {
		c.Getenv = func(string) string { return "" }
	}
	if c.SSHConfig == "" {
		c.SSHConfig = filepath.Join(c.Home, ".ssh", "config")
	}
	c.DialTimeout = cmp.Or(c.DialTimeout, 10*time.Second)
	c.HandshakeTimeout = cmp.Or(c.HandshakeTimeout, 30*time.Second)
	c.KeepAlive = cmp.Or(c.KeepAlive, 15*time.Second)
	return c
}

// Dial connects and logs in, over jump hosts if ssh_config names some. The key of every hop is checked before
// anything else is sent to it.
func (s *SSH) Dial(ctx context.Context, t Target) (Conn, error) {
	if t.Tenant != s.cfg.Tenant {
		return nil, fmt.Errorf("%w: %s is a host of tenant %q, this connection serves %q", ErrConfig, t.Name, t.Tenant, s.cfg.Tenant)
	}
	hops, err := s.route(t)
	if err != nil {
		return nil, err
	}
	clients, err := s.connect(ctx, hops)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Name, err)
	}
	return newConn(clients, hops[len(hops)-1].user, s.cfg.KeepAlive), nil
}

// connect logs in to each hop through the one before. The clients are in order, none is left open on an error.
func (s *SSH) connect(ctx context.Context, hops []hop) ([]*ssh.Client, error) {
	var clients []*ssh.Client
	for _, h := range hops {
		client, err := s.login(ctx, clients, h)
		if err != nil {
			closeAll(clients)
			return nil, err
		}
		clients = append(clients, client)
	}
	return clients, nil
}

func closeAll(clients []*ssh.Client) {
	for _, c := range slices.Backward(clients) {
		c.Close()
	}
}

// dial opens the byte stream to a hop, through the last of via if there is one.
func (s *SSH) dial(ctx context.Context, via []*ssh.Client, h hop) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.DialTimeout)
	defer cancel()
	var conn net.Conn
	var err error
	if len(via) > 0 {
		conn, err = via[len(via)-1].DialContext(ctx, "tcp", h.dial)
	} else {
		conn, err = new(net.Dialer).DialContext(ctx, "tcp", h.dial)
	}
	if err != nil {
		return nil, unreachable(ctx, h.dial, err)
	}
	return conn, nil
}

func (s *SSH) login(ctx context.Context, via []*ssh.Client, h hop) (*ssh.Client, error) {
	algorithms, err := s.expect(h)
	if err != nil {
		return nil, err
	}
	conn, err := s.dial(ctx, via, h)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.HandshakeTimeout)
	defer cancel()
	l := &login{ctx: ctx, ssh: s, hop: h}
	return l.run(conn, algorithms)
}

// expect says which kinds of host key can be checked for a hop. A hop without a known key is not even dialled.
func (s *SSH) expect(h hop) ([]string, error) {
	known := s.keys.known(h.key)
	if len(known) == 0 {
		return nil, unknownHost(h.key)
	}
	algorithms := s.keys.algorithms(h.key)
	if len(algorithms) == 0 {
		return nil, &HostKeyError{Host: h.key, Known: known, Why: "the known keys are of types that are no longer safe"}
	}
	return algorithms, nil
}

// unreachable is the error for "nothing was started". The text may stem from the host, so it is cut and neutralised.
func unreachable(ctx context.Context, address string, err error) error {
	said := untrusted.Line(strings.TrimPrefix(err.Error(), "ssh: "), maxSaid)
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%w: %s: %w: %s", ErrUnreachable, address, cause, said)
	}
	return fmt.Errorf("%w: %s: %s", ErrUnreachable, address, said)
}

// maxSaid bounds what a host can put into an error.
const maxSaid = 300
