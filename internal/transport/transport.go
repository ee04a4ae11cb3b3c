// Package transport is the core's side of every connection to a host: SSH and this machine itself, the broker that
// runs a provider's commands, and the host keys that prove whom we talk to.
//
// Start with Dialer. Providers never see this package: they are handed a Broker, which runs nothing but the
// allow-list of their description. Every error says whether something was started on the host, because that is what
// decides between "unreachable" and "in doubt".
package transport

import (
	"context"
	"errors"
	"time"

	"github.com/ringfence/ringfence/providers"
)

// Target is one host of one tenant. Address is "host" or "host:port"; User may be empty.
type Target struct {
	Tenant  string
	Name    string
	Address string
	User    string
	// Credential names the one key to log in with; "" is whatever the runner has.
	Credential string
}

// Dialer connects to hosts. The error of Dial wraps ErrHostKey, ErrHostKeyUnknown, ErrNoClientKey, ErrAuth,
// ErrConfig or ErrUnreachable; in each case nothing was started on the host.
type Dialer interface {
	Dial(context.Context, Target) (Conn, error)
}

// Conn runs commands on one host. It may be used concurrently; its commands share one connection, on which hosts
// usually allow ten at a time.
type Conn interface {
	// Run runs argv, never through a shell that could see more than these words, and returns what it printed
	// whatever its exit code. An error wraps providers.ErrRefused or ErrUnreachable (nothing was started) or
	// providers.ErrLost (it was started, and no exit status came back). After ErrLost the connection may be
	// unusable: dial again.
	Run(ctx context.Context, argv []string, opt Options) (providers.Output, error)
	// User is who the commands run as.
	User() string
	// Close ends the connection and whatever still runs over it. It may be called more than once.
	Close() error
}

// Options bounds one command. The zero value means the defaults.
type Options struct {
	MaxOutput int           // bytes kept of stdout, and as many of stderr; the rest is dropped and Truncated is set
	Timeout   time.Duration // then the command counts as lost
}

// The defaults of Options.
const (
	DefaultMaxOutput = 1 << 20
	DefaultTimeout   = time.Hour
)

// Errors that callers branch on, besides providers.ErrLost and providers.ErrRefused.
var (
	ErrUnreachable    = providers.ErrUnreachable
	ErrHostKey        = errors.New("the host key is not the known one") // always a *HostKeyError
	ErrHostKeyUnknown = errors.New("the host key is not known")
	ErrNoClientKey    = errors.New("there is no client key to log in with")
	ErrAuth           = errors.New("the host refused the login")
	ErrConfig         = errors.New("the connection's settings cannot be used")
	ErrSudo           = errors.New("sudo refused to run the command")
)

func (o Options) withDefaults() Options {
	if o.MaxOutput <= 0 {
		o.MaxOutput = DefaultMaxOutput
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	return o
}
