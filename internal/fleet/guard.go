package fleet

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/ringfence/ringfence/providers"
)

// crash keeps what a provider's process died of. It is not started again: what killed it may be waiting on the next
// host, and what it had begun is in doubt. Hosts that it did not reach stay untouched.
type crash struct {
	mu  sync.Mutex
	err error
}

// why is nil while the process lives.
func (c *crash) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *crash) note(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil && errors.Is(err, providers.ErrCrashed) {
		c.err = err
	}
}

// guarded is one session's way to a provider: nothing is sent to a process that is gone, so a call that comes after the
// crash leaves no doubt about its host.
type guarded struct {
	providers.Provider
	gone    func() error // the crash as an error of the provider, not of the host
	crash   *crash
	changes atomic.Bool // something that changes the host was sent
}

// asked makes a call, unless the process is gone, and keeps what the process died of if it dies of it.
func asked[T any](g *guarded, call func() (T, error)) (T, error) {
	if err := g.gone(); err != nil {
		var none T
		return none, err
	}
	answer, err := call()
	g.crash.note(err)
	return answer, err
}

func (g *guarded) Scan(ctx context.Context, r providers.ScanRequest, exec providers.Exec) (providers.HostScan, error) {
	return asked(g, func() (providers.HostScan, error) { return g.Provider.Scan(ctx, r, exec) })
}

func (g *guarded) Preview(ctx context.Context, r providers.ChangeRequest, exec providers.Exec) (providers.Preview, error) {
	return asked(g, func() (providers.Preview, error) { return g.Provider.Preview(ctx, r, exec) })
}

func (g *guarded) Apply(ctx context.Context, r providers.ChangeRequest, exec providers.Exec) (providers.Result, error) {
	return asked(g, func() (providers.Result, error) {
		g.changes.Store(true)
		return g.Provider.Apply(ctx, r, exec)
	})
}

// Health knows nothing of hosts whose provider does not.
func (g *guarded) Health(ctx context.Context, r providers.HealthRequest, exec providers.Exec) ([]providers.Check, error) {
	return asked(g, func() ([]providers.Check, error) {
		examiner, ok := g.Provider.(providers.Examiner)
		if !ok {
			return nil, nil
		}
		return examiner.Health(ctx, r, exec)
	})
}

// rebooting is guarded for a provider that can reboot.
type rebooting struct{ *guarded }

func (g rebooting) Reboot(ctx context.Context, host providers.HostRef, exec providers.Exec) error {
	_, err := asked(g.guarded, func() (struct{}, error) {
		g.changes.Store(true)
		return struct{}{}, g.Provider.(providers.Rebooter).Reboot(ctx, host, exec)
	})
	return err
}
