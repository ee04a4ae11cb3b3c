package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/ringfence/ringfence/providers"
	providerv1 "github.com/ringfence/ringfence/providers/proto/v1"
)

// Started says whether a core started this process. A provider that a person starts by hand serves nobody.
func Started() bool { return os.Getenv(handshake.MagicCookieKey) == handshake.MagicCookieValue }

// Serve is the whole main of a provider's program. It does not return: the process ends when the core stops it or is
// gone. Started by hand it says what it is and exits with 1.
//
// Settings arrive through providers.Configurer before any other call; a provider that does not implement it takes
// none, and being given some is an error. What p prints goes to the core's log.
func Serve(p providers.Provider) {
	if Started() {
		go endWithCore(os.Stdin)
	}
	s := newServer(p)
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         goplugin.PluginSet{pluginName: &link{server: s}},
		Logger:          hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr}),
		GRPCServer:      s.grpc,
	})
	os.Exit(0)
}

// endWithCore waits for the end of the standard input, whose other end only the core holds.
func endWithCore(stdin io.Reader) {
	_, _ = io.Copy(io.Discard, stdin)
	endGroup()
	os.Exit(1)
}

// server answers the core's calls in the provider's process.
type server struct {
	providerv1.UnimplementedProviderServer
	p       providers.Provider
	broker  *goplugin.GRPCBroker
	stopped context.Context // ends the running calls
	stop    context.CancelFunc
	running sync.WaitGroup

	mu         sync.Mutex
	configured bool
	host       providerv1.BrokerClient
}

func newServer(p providers.Provider) *server {
	s := &server{p: p}
	s.stopped, s.stop = context.WithCancel(context.Background())
	return s
}

func (s *server) grpc(opts []grpc.ServerOption) *grpc.Server {
	return grpc.NewServer(append(opts,
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.ChainUnaryInterceptor(recoverUnary),
		grpc.ChainStreamInterceptor(recoverStream))...)
}

func (s *server) Configure(ctx context.Context, r *providerv1.ConfigureRequest) (*providerv1.ConfigureResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.configured {
		return nil, toStatus(errors.New("the provider is configured already"))
	}
	conn, err := s.broker.DialWithOptions(r.GetBroker(), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		return nil, toStatus(fmt.Errorf("reach the core: %w", err))
	}
	s.host, s.configured = providerv1.NewBrokerClient(conn), true
	c, ok := s.p.(providers.Configurer)
	switch {
	case ok:
		err = c.Configure(ctx, r.GetConfig())
	case len(r.GetConfig()) > 0:
		err = errors.New("the provider takes no settings")
	}
	return &providerv1.ConfigureResponse{}, toStatus(err)
}

func (s *server) Describe(_ *providerv1.DescribeRequest, to grpc.ServerStreamingServer[providerv1.Description]) error {
	ctx, done := s.begin(to.Context())
	defer done()
	d, err := s.p.Describe(ctx)
	if _, ok := s.p.(providers.Rebooter); err == nil && d.CanReboot && !ok {
		err = errors.New("the provider claims to reboot hosts but does not implement providers.Rebooter")
	}
	if err != nil {
		return toStatus(err)
	}
	return send(to, descriptionToWire(d))
}

func (s *server) Scan(r *providerv1.ScanRequest, to grpc.ServerStreamingServer[providerv1.HostScan]) error {
	ctx, done := s.begin(to.Context())
	defer done()
	at, err := instantFromWire(r.GetAt())
	if err != nil {
		return toStatus(err)
	}
	request := providers.ScanRequest{Host: hostFromWire(r.GetHost()), At: at, Refresh: r.GetRefresh()}
	scan, err := s.p.Scan(ctx, request, s.exec(r.GetCall()))
	if err != nil {
		return toStatus(err)
	}
	return send(to, scanToWire(scan))
}

func (s *server) Preview(r *providerv1.ChangeRequest, to grpc.ServerStreamingServer[providerv1.PreviewAnswer]) error {
	ctx, done := s.begin(to.Context())
	defer done()
	request, err := changeFromWire(r)
	if err != nil {
		return toStatus(err)
	}
	preview, err := s.p.Preview(ctx, request, s.exec(r.GetCall()))
	if err != nil {
		return toStatus(err)
	}
	return send(to, previewToWire(preview))
}

func (s *server) Apply(r *providerv1.ChangeRequest, to grpc.ServerStreamingServer[providerv1.Result]) error {
	ctx, done := s.begin(to.Context())
	defer done()
	request, err := changeFromWire(r)
	if err != nil {
		return toStatus(err)
	}
	result, err := s.p.Apply(ctx, request, s.exec(r.GetCall()))
	if err != nil {
		return toStatus(err)
	}
	return send(to, resultToWire(result))
}

func (s *server) Reboot(ctx context.Context, r *providerv1.RebootRequest) (*providerv1.RebootResponse, error) {
	ctx, done := s.begin(ctx)
	defer done()
	rebooter, ok := s.p.(providers.Rebooter)
	if !ok {
		return nil, toStatus(errNoReboot)
	}
	err := rebooter.Reboot(ctx, hostFromWire(r.GetHost()), s.exec(r.GetCall()))
	return &providerv1.RebootResponse{}, toStatus(err)
}

// Health answers with no check at all for a provider that knows of none.
func (s *server) Health(r *providerv1.HealthRequest, to grpc.ServerStreamingServer[providerv1.HealthAnswer]) error {
	ctx, done := s.begin(to.Context())
	defer done()
	at, err := instantFromWire(r.GetAt())
	if err != nil {
		return toStatus(err)
	}
	var checks []providers.Check
	if examiner, ok := s.p.(providers.Examiner); ok {
		request := providers.HealthRequest{Host: hostFromWire(r.GetHost()), At: at}
		if checks, err = examiner.Health(ctx, request, s.exec(r.GetCall())); err != nil {
			return toStatus(err)
		}
	}
	return send(to, healthToWire(checks))
}

// Stop ends the calls; the core bounds how long it waits for them.
func (s *server) Stop(context.Context, *providerv1.StopRequest) (*providerv1.StopResponse, error) {
	s.stop()
	s.running.Wait()
	return &providerv1.StopResponse{}, nil
}

// begin joins a call's context with the end of the provider.
func (s *server) begin(parent context.Context) (context.Context, func()) {
	s.running.Add(1)
	ctx, cancel := context.WithCancel(parent)
	unlink := context.AfterFunc(s.stopped, cancel)
	return ctx, func() {
		unlink()
		cancel()
		s.running.Done()
	}
}

func (s *server) exec(call uint64) providers.Exec {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &farExec{host: s.host, call: call}
}

var errNoReboot = errors.New("the provider cannot reboot hosts")

// recoverUnary and recoverStream turn a panic into the error of that one call: other hosts' calls go on.
func recoverUnary(ctx context.Context, r any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (answer any, err error) {
	defer recovered(&err)
	return next(ctx, r)
}

func recoverStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer recovered(&err)
	return next(srv, stream)
}

func recovered(err *error) {
	if r := recover(); r != nil {
		*err = toStatus(fmt.Errorf("panic: %v", r))
	}
}
