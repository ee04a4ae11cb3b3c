package plugin

import (
	"context"
	"fmt"
	"sync"

	"google.golang.org/grpc"

	"github.com/ringfence/ringfence/providers"
	providerv1 "github.com/ringfence/ringfence/providers/proto/v1"
)

// maxParallel bounds how many commands one provider may have running.
const maxParallel = 256

// broker serves the Execs of the running calls to the provider. A call's number is valid while the call runs and
// leads to that call's host alone; numbers are never used again.
type broker struct {
	providerv1.UnimplementedBrokerServer
	mu     sync.Mutex
	last   uint64
	calls  map[uint64]*call
	desc   providers.Description
	server *grpc.Server
	closed bool
}

// call is one call in progress.
type call struct {
	id      uint64
	ctx     context.Context
	cancel  context.CancelFunc
	exec    providers.Exec
	running sync.WaitGroup
}

func newBroker() *broker { return &broker{calls: map[uint64]*call{}} }

// serve makes the gRPC server; go-plugin hands over the credentials of this connection.
func (b *broker) serve(opts []grpc.ServerOption) *grpc.Server {
	s := grpc.NewServer(append(opts,
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxConcurrentStreams(maxParallel),
		grpc.ChainStreamInterceptor(recoverStream))...)
	providerv1.RegisterBrokerServer(s, b)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.server = s
	if b.closed {
		s.Stop()
	}
	return s
}

func (b *broker) close() {
	b.mu.Lock()
	b.closed = true
	s := b.server
	b.mu.Unlock()
	if s != nil {
		s.Stop()
	}
}

// allow sets the allow-list, once it is known and valid. Before that nothing can run.
func (b *broker) allow(d providers.Description) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.desc = d
}

// open begins a call; the caller must end it.
func (b *broker) open(ctx context.Context, exec providers.Exec) *call {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	c := &call{id: b.last, exec: exec}
	c.ctx, c.cancel = context.WithCancel(ctx)
	b.calls[c.id] = c
	return c
}

// end makes the number invalid, cancels the commands of the call and waits for them: when a call has returned,
// nothing of it runs any more.
func (b *broker) end(c *call) {
	b.mu.Lock()
	delete(b.calls, c.id)
	b.mu.Unlock()
	c.cancel()
	c.running.Wait()
}

// Run implements the wire's Broker. It checks the allow-list although Exec does: this is the provider's only way to a
// host.
func (b *broker) Run(r *providerv1.RunRequest, to grpc.ServerStreamingServer[providerv1.Output]) error {
	c, desc, err := b.find(r.GetCall())
	if err != nil {
		return toStatus(err)
	}
	defer c.running.Done()
	args := argsFromWire(r.GetArgs())
	if err := permitted(desc, r.GetCommand(), args); err != nil {
		return toStatus(err)
	}
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	defer context.AfterFunc(to.Context(), cancel)()
	out, err := c.exec.Run(ctx, r.GetCommand(), args)
	if err != nil {
		return toStatus(err)
	}
	return send(to, outputToWire(out))
}

func (b *broker) find(id uint64) (*call, providers.Description, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.calls[id]
	switch {
	case !ok:
		return nil, b.desc, fmt.Errorf("%w: the call is over", providers.ErrRefused)
	case c.exec == nil:
		return nil, b.desc, fmt.Errorf("%w: the call has no connection to a host", providers.ErrRefused)
	}
	c.running.Add(1)
	return c, b.desc, nil
}

func permitted(d providers.Description, command string, args map[string][]string) error {
	c, err := d.Command(command)
	if err != nil {
		return err
	}
	_, err = c.Expand(args)
	return err
}
