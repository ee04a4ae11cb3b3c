package transport

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
)

// outputGrace is how long the output of a command that has ended may stay silent before it counts as cut off: a
// service that a package restarted can hold the pipe open for ever.
const outputGrace = 10 * time.Second

// probe is a request that means nothing and that every server answers.
const probe = "keepalive@openssh.com"

// conn is a login on a host, with the jump hosts that lead there.
type conn struct {
	clients []*ssh.Client // the host's is the last
	user    string
	grace   time.Duration
	done    chan struct{}
	once    sync.Once
}

var _ Conn = (*conn)(nil)

func newConn(clients []*ssh.Client, user string, every time.Duration) *conn {
	c := &conn{clients: clients, user: user, grace: outputGrace, done: make(chan struct{})}
	go c.keepAlive(every)
	return c
}

func (c *conn) host() *ssh.Client { return c.clients[len(c.clients)-1] }

// User is the name that was logged in with.
func (c *conn) User() string { return c.user }

// Close ends the connection to the host and to its jump hosts.
func (c *conn) Close() error {
	c.once.Do(func() {
		close(c.done)
		closeAll(c.clients)
	})
	return nil
}

// keepAlive notices a dead link, which a command without output would wait on for ever.
func (c *conn) keepAlive(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-c.done:
			return
		case <-tick.C:
		}
		late := time.AfterFunc(3*every, func() { c.Close() })
		alive := c.answers()
		late.Stop()
		if !alive {
			c.Close()
			return
		}
	}
}

// Run implements Conn. When ctx ends, the whole connection is closed, since a host that does not answer would not
// answer a polite request either.
func (c *conn) Run(ctx context.Context, argv []string, opt Options) (providers.Output, error) {
	line, err := quote(argv)
	if err != nil {
		return providers.Output{}, fmt.Errorf("%w: %w", providers.ErrRefused, err)
	}
	opt = opt.withDefaults()
	ctx, cancel := context.WithTimeoutCause(ctx, opt.Timeout, fmt.Errorf("no answer within %s: %w", opt.Timeout, context.DeadlineExceeded))
	defer cancel()
	if ctx.Err() != nil {
		return providers.Output{}, c.notStarted(ctx, ctx.Err())
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	channel, requests, err := c.host().OpenChannel("session", nil)
	if err != nil {
		return providers.Output{}, c.notStarted(ctx, err)
	}
	return c.exec(ctx, newSession(channel, requests, opt.MaxOutput), line)
}

func (c *conn) exec(ctx context.Context, s *session, line string) (providers.Output, error) {
	defer s.channel.Close()
	accepted, err := s.start(line)
	if err != nil {
		return providers.Output{}, lost(ctx, err) // the host may have read the request before the link broke
	}
	if !accepted {
		return providers.Output{}, c.notStarted(ctx, errors.New("the host's ssh server does not run commands for this login"))
	}
	why := s.pump(func() { c.Close() })
	code, ended := <-s.exit
	if !ended {
		return providers.Output{}, lost(ctx, why())
	}
	whole := s.drain(c.grace) && c.answers()
	out := s.streams.output(code)
	out.Truncated = out.Truncated || !whole
	return out, nil
}

// answers reports whether the host still talks to us. The library ends a channel in the same way whether the host
// closed it or the link broke, so only an answer that comes after the output proves that the output was all.
func (c *conn) answers() bool {
	_, _, err := c.host().SendRequest(probe, true, nil)
	return err == nil
}

func (c *conn) notStarted(ctx context.Context, err error) error {
	return unreachable(ctx, c.host().RemoteAddr().String(), err)
}

func lost(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%w: %w", providers.ErrLost, cause)
	}
	return fmt.Errorf("%w: %s", providers.ErrLost, untrusted.Line(err.Error(), maxSaid))
}
