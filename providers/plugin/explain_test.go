package plugin

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// TestADeadlineIsOneWhoeverActsOnItFirst: gRPC tells the provider of the call's deadline too, and its side may end the
// call a moment before the core's own clock does. That is no invalid answer.
func TestADeadlineIsOneWhoeverActsOnItFirst(t *testing.T) {
	err := new(Client).explain(t.Context(), status.Error(codes.DeadlineExceeded, "stream terminated by RST_STREAM with error code: CANCEL"))
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrBadAnswer) {
		t.Error(err)
	}
}
