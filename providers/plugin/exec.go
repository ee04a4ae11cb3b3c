package plugin

import (
	"context"
	"fmt"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ringfence/ringfence/providers"
	providerv1 "github.com/ringfence/ringfence/providers/proto/v1"
)

// farExec is a call's Exec in the provider's process: it asks the core's broker.
type farExec struct {
	host providerv1.BrokerClient
	call uint64
}

var _ providers.Exec = (*farExec)(nil)

// Run implements providers.Exec.
func (e *farExec) Run(ctx context.Context, command string, args map[string][]string) (providers.Output, error) {
	if err := checkText(command, args); err != nil {
		return providers.Output{}, err
	}
	if e.host == nil {
		return providers.Output{}, fmt.Errorf("%w: the provider is not configured", providers.ErrRefused)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := e.host.Run(ctx, &providerv1.RunRequest{Call: e.call, Command: command, Args: argsToWire(args)})
	var out *providerv1.Output
	if err == nil {
		out, err = collect(stream)
	}
	if err != nil {
		return providers.Output{}, execError(ctx, err)
	}
	return outputFromWire(out), nil
}

// checkText refuses what the wire cannot carry; the core's grammars would refuse it anyway.
func checkText(command string, args map[string][]string) error {
	ok := utf8.ValidString(command)
	for name, values := range args {
		ok = ok && utf8.ValidString(name)
		for _, v := range values {
			ok = ok && utf8.ValidString(v)
		}
	}
	if !ok {
		return fmt.Errorf("%w: it is not UTF-8", providers.ErrRefused)
	}
	return nil
}

// execError keeps what the core said. Without its word the command may or may not have run.
func execError(ctx context.Context, err error) error {
	if far := fromStatus(err); far != nil {
		return far
	}
	if ctx.Err() != nil {
		return fmt.Errorf("run: %w", ctx.Err())
	}
	if status.Code(err) == codes.Unavailable {
		return fmt.Errorf("%w: the core does not answer", providers.ErrLost)
	}
	return fmt.Errorf("%w: %w", providers.ErrLost, err)
}
