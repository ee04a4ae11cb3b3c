// Package plugin carries package providers over a process boundary: go-plugin, gRPC, mutual TLS with certificates made
// at every start. A provider's whole main is Serve; the core calls Start and uses the Client like any Provider.
//
// The provider's process sees nothing of the core: no environment, no standard input, an empty private folder, its
// own process group, and settings only through Configure. It ends with the core, however the core ends. The Exec of a
// call is served by the core for as long as the call lasts, and reaches that call's host alone.
//
// A provider that starts children in a session of their own escapes the process group; only a sandbox would hold
// those.
package plugin

import (
	"context"
	"errors"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/ringfence/ringfence/providers"
	providerv1 "github.com/ringfence/ringfence/providers/proto/v1"
)

// Errors of Start and of a Client's calls, to be found with errors.Is. A provider's own errors arrive with their
// message, and as providers.ErrRefused, ErrLost, ErrUnreachable or a context's error where they wrap one.
var (
	// ErrMissing: there is no such program.
	ErrMissing = errors.New("the provider's program does not exist")
	// ErrUntrusted: the program is not the one that was pinned.
	ErrUntrusted = errors.New("the provider's program is not the pinned one")
	// ErrNotAPlugin: the program ended, hung or talked something else instead of shaking hands.
	ErrNotAPlugin = errors.New("the program is not a provider")
	// ErrCrashed: the process died or cut the connection; how far a call got is not known.
	ErrCrashed = providers.ErrCrashed
	// ErrBadAnswer: the answer breaks the contract: too large, an unknown state, an invalid allow-list.
	ErrBadAnswer = errors.New("the provider's answer is not valid")
	// ErrClosed: the Client was closed.
	ErrClosed = errors.New("the provider was stopped")
)

// The bounds. A host with 10,000 packages needs 1 MiB.
const (
	pieceSize   = 512 << 10 // of a streamed answer
	maxMessage  = 4 << 20
	maxAnswer   = 64 << 20
	maxElements = 250_000 // in the lists of one answer, since an empty element costs more memory than bytes
	maxLog      = 64 << 10
	maxReason   = 4 << 10

	defaultStart = 15 * time.Second
	defaultStop  = 3 * time.Second
)

const pluginName = "provider"

var handshake = goplugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "RINGFENCE_PROVIDER",
	MagicCookieValue: "ringfence.provider.v1",
}

// link is both ends of the connection as go-plugin wants them; each process uses one.
type link struct {
	goplugin.NetRPCUnsupportedPlugin
	server *server // in the provider's process
}

var _ goplugin.GRPCPlugin = (*link)(nil)

// connection is what the core's end gets.
type connection struct {
	broker *goplugin.GRPCBroker
	rpc    providerv1.ProviderClient
}

func (l *link) GRPCServer(broker *goplugin.GRPCBroker, s *grpc.Server) error {
	l.server.broker = broker
	providerv1.RegisterProviderServer(s, l.server)
	return nil
}

func (l *link) GRPCClient(_ context.Context, broker *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return connection{broker: broker, rpc: providerv1.NewProviderClient(conn)}, nil
}
