package plugin

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
	providerv1 "github.com/ringfence/ringfence/providers/proto/v1"
)

// kinds are the errors that keep their identity across the process boundary, in both directions.
var kinds = []struct {
	kind providerv1.Failure_Kind
	err  error
}{
	{providerv1.Failure_KIND_REFUSED, providers.ErrRefused},
	{providerv1.Failure_KIND_LOST, providers.ErrLost},
	{providerv1.Failure_KIND_UNREACHABLE, providers.ErrUnreachable},
	{providerv1.Failure_KIND_CANCELED, context.Canceled},
	{providerv1.Failure_KIND_DEADLINE, context.DeadlineExceeded},
}

// farError is an error that the other process returned.
type farError struct {
	msg  string
	errs []error
}

func (e *farError) Error() string   { return e.msg }
func (e *farError) Unwrap() []error { return e.errs }

// toStatus puts an error on the wire: its message and what it is.
func toStatus(err error) error {
	if err == nil {
		return nil
	}
	detail := &providerv1.Failure{}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			detail.Kinds = append(detail.Kinds, k.kind)
		}
	}
	msg := strings.ToValidUTF8(untrusted.Block(err.Error(), maxReason), "\uFFFD")
	s, detailErr := status.New(codes.Unknown, msg).WithDetails(detail)
	if detailErr != nil { // the message alone is better than nothing
		return status.Error(codes.Unknown, msg)
	}
	return s.Err()
}

// fromStatus is the inverse of toStatus; nil when err did not come from toStatus.
func fromStatus(err error) error {
	s, ok := status.FromError(err)
	if !ok {
		return nil
	}
	for _, d := range s.Details() {
		if f, ok := d.(*providerv1.Failure); ok {
			return &farError{msg: untrusted.Block(s.Message(), maxReason), errs: identities(f)}
		}
	}
	return nil
}

func identities(f *providerv1.Failure) []error {
	var errs []error
	for _, k := range kinds {
		for _, kind := range f.GetKinds() {
			if kind == k.kind {
				errs = append(errs, k.err)
				break
			}
		}
	}
	return errs
}
