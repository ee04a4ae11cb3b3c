package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ringfence/ringfence/providers"
	providerv1 "github.com/ringfence/ringfence/providers/proto/v1"
)

// Client is a running provider. It is safe for concurrent calls. Every call ends with its context, when the process
// dies, or at Close, and then no command of it is running any more. The Exec of a call may be nil for a provider
// without a connection.
type Client struct {
	spec    Spec
	dir     string
	talk    *talk
	process *process
	plugin  *goplugin.Client
	rpc     providerv1.ProviderClient
	broker  *broker
	desc    providers.Description

	closing  atomic.Bool
	once     sync.Once
	closeErr error
}

var (
	_ providers.Provider = (*Client)(nil)
	_ providers.Rebooter = (*Client)(nil)
	_ providers.Examiner = (*Client)(nil)
)

// Describe returns what the provider said at its start: the allow-list cannot change afterwards.
func (c *Client) Describe(context.Context) (providers.Description, error) {
	d := c.desc
	d.Commands = slices.Clone(d.Commands)
	return d, nil
}

// Scan implements providers.Provider.
func (c *Client) Scan(ctx context.Context, r providers.ScanRequest, exec providers.Exec) (providers.HostScan, error) {
	return invoke(ctx, c, "scan", exec, scanFromWire,
		func(ctx context.Context, call uint64) (grpc.ServerStreamingClient[providerv1.HostScan], error) {
			return c.rpc.Scan(ctx, &providerv1.ScanRequest{
				Call: call, Host: hostToWire(r.Host), At: instantToWire(r.At), Refresh: r.Refresh,
			})
		})
}

// Preview implements providers.Provider.
func (c *Client) Preview(ctx context.Context, r providers.ChangeRequest, exec providers.Exec) (providers.Preview, error) {
	return invoke(ctx, c, "preview", exec, previewFromWire,
		func(ctx context.Context, call uint64) (grpc.ServerStreamingClient[providerv1.PreviewAnswer], error) {
			return c.rpc.Preview(ctx, changeToWire(r, call))
		})
}

// Apply implements providers.Provider. After an error the host's state is not known, unless the error is
// providers.ErrRefused or providers.ErrUnreachable and the provider says so.
func (c *Client) Apply(ctx context.Context, r providers.ChangeRequest, exec providers.Exec) (providers.Result, error) {
	return invoke(ctx, c, "apply", exec, resultFromWire,
		func(ctx context.Context, call uint64) (grpc.ServerStreamingClient[providerv1.Result], error) {
			return c.rpc.Apply(ctx, changeToWire(r, call))
		})
}

// Reboot implements providers.Rebooter; it is an error when the description says that the provider cannot.
func (c *Client) Reboot(ctx context.Context, host providers.HostRef, exec providers.Exec) error {
	if !c.desc.CanReboot {
		return fmt.Errorf("provider %s: %w", c.spec.Name, errNoReboot)
	}
	call := c.broker.open(ctx, exec)
	defer c.broker.end(call)
	_, err := c.rpc.Reboot(call.ctx, &providerv1.RebootRequest{Call: call.id, Host: hostToWire(host)})
	if err != nil {
		return fmt.Errorf("provider %s: reboot: %w", c.spec.Name, c.explain(ctx, err))
	}
	return nil
}

// Health implements providers.Examiner. A provider that knows nothing of health, such as one that was built before there
// was this call, has no checks.
func (c *Client) Health(ctx context.Context, r providers.HealthRequest, exec providers.Exec) ([]providers.Check, error) {
	old := false
	checks, err := invoke(ctx, c, "health", exec, healthFromWire,
		func(ctx context.Context, call uint64) (grpc.ServerStreamingClient[providerv1.HealthAnswer], error) {
			stream, err := c.rpc.Health(ctx, &providerv1.HealthRequest{Call: call, Host: hostToWire(r.Host), At: instantToWire(r.At)})
			return &sinceHealth{stream, &old}, err
		})
	if old {
		return nil, nil
	}
	return checks, err
}

// sinceHealth notices that the other side was built before there was such a call.
type sinceHealth struct {
	grpc.ServerStreamingClient[providerv1.HealthAnswer]
	old *bool
}

func (s *sinceHealth) Recv() (*providerv1.HealthAnswer, error) {
	answer, err := s.ServerStreamingClient.Recv()
	*s.old = status.Code(err) == codes.Unimplemented
	return answer, err
}

// invoke makes one call: it opens it at the broker, collects the pieces of the answer and converts the whole.
func invoke[T, W any, M message[W]](
	ctx context.Context, c *Client, verb string, exec providers.Exec, convert func(*W) (T, error),
	start func(context.Context, uint64) (grpc.ServerStreamingClient[W], error),
) (T, error) {
	call := c.broker.open(ctx, exec)
	defer c.broker.end(call)
	answer, err := receive[W, M](call, start)
	var value T
	if err == nil {
		value, err = convert(answer)
	}
	if err != nil {
		var none T
		return none, fmt.Errorf("provider %s: %s: %w", c.spec.Name, verb, c.explain(ctx, err))
	}
	return value, nil
}

func receive[W any, M message[W]](call *call, start func(context.Context, uint64) (grpc.ServerStreamingClient[W], error)) (*W, error) {
	stream, err := start(call.ctx, call.id)
	if err != nil {
		return nil, err
	}
	return collect[W, M](stream)
}

// explain says what an error of a call means, most telling cause first.
func (c *Client) explain(ctx context.Context, err error) error {
	far := fromStatus(err)
	switch {
	case errors.Is(err, ErrBadAnswer):
		return err
	case far != nil:
		return far
	case c.closing.Load():
		return ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case status.Code(err) == codes.DeadlineExceeded: // the provider's side saw the call's deadline pass first
		return context.DeadlineExceeded
	case status.Code(err) == codes.ResourceExhausted:
		return fmt.Errorf("%w: a piece of it is larger than %d MiB", ErrBadAnswer, maxMessage>>20)
	case status.Code(err) == codes.Unavailable:
		return c.crash()
	default:
		return fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
}

// soon is how long a process may outlive its connection.
const soon = time.Second

func (c *Client) crash() error {
	how := "it cut the connection"
	if c.process.exitedWithin(soon) {
		how = c.process.how()
	}
	if said := c.talk.why(); said != "" {
		return fmt.Errorf("%w: %s; it printed: %s", ErrCrashed, how, said)
	}
	return fmt.Errorf("%w: %s", ErrCrashed, how)
}

// Close cancels the running calls, gives the provider time to end and kills whatever is left of its process group. It
// may be called more than once and returns when nothing is left.
func (c *Client) Close() error {
	c.once.Do(func() {
		c.closing.Store(true)
		c.askToStop()
		late := time.AfterFunc(c.spec.StopTimeout, c.kill)
		c.plugin.Kill()
		late.Stop()
		c.kill()
		c.broker.close()
		if c.closeErr = os.RemoveAll(c.dir); c.closeErr != nil {
			c.closeErr = fmt.Errorf("provider %s: %w", c.spec.Name, c.closeErr)
		}
	})
	return c.closeErr
}

func (c *Client) askToStop() {
	if c.rpc == nil {
		c.kill()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.spec.StopTimeout)
	defer cancel()
	if _, err := c.rpc.Stop(ctx, &providerv1.StopRequest{}); err != nil {
		c.kill()
	}
}

func (c *Client) kill() { _ = c.process.Kill(context.Background()) }
