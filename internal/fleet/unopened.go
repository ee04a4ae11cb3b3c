package fleet

import (
	"errors"
	"strings"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/transport"
	"github.com/ringfence/ringfence/runner"
)

// unopened is why there is no session with a host. Its words are the reason alone: whoever tells it names the host and
// its state.
type unopened struct {
	state  error // the runner's, nil if err says it
	reason error
	host   string
}

func (u unopened) Error() string { return strings.TrimPrefix(u.reason.Error(), u.host+": ") }

func (u unopened) Unwrap() []error {
	if u.state == nil {
		return []error{u.reason}
	}
	return []error{u.state, u.reason}
}

// dialError names what an unopened host is.
func dialError(h policy.Host, err error) error {
	out := unopened{reason: err, host: h.Name}
	switch {
	case errors.Is(err, transport.ErrHostKey), errors.Is(err, transport.ErrHostKeyUnknown):
		out.state = runner.ErrQuarantined
	case errors.Is(err, transport.ErrAuth), errors.Is(err, transport.ErrNoClientKey), errors.Is(err, transport.ErrConfig):
		out.state = runner.ErrUnreachable
	}
	return out
}
