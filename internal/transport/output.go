package transport

import (
	"fmt"
	"io"
	"sync"

	"github.com/ringfence/ringfence/providers"
)

// floodLimit is what a command may print beyond what is kept before it is cut off: generous, since stopping a
// package manager in the middle is worse than reading its noise.
const floodLimit = 64 << 20

// bounded keeps the first limit bytes that are written to it and drops, but counts, the rest. A writer that goes on
// beyond floodLimit gets errFlood.
type bounded struct {
	mu      sync.Mutex
	limit   int
	kept    []byte
	dropped int
}

type floodError struct{ limit int }

func (e floodError) Error() string {
	return fmt.Sprintf("the command printed more than %d MiB", e.limit>>20)
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	room := min(b.limit-len(b.kept), len(p))
	b.kept = append(b.kept, p[:room]...)
	b.dropped += len(p) - room
	if b.dropped > floodLimit {
		return 0, floodError{b.limit + floodLimit}
	}
	return len(p), nil
}

// result returns a copy, since a lost command's output may still be trickling in.
func (b *bounded) result() (kept []byte, truncated bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]byte(nil), b.kept...), b.dropped > 0
}

func (b *bounded) seen() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.kept) + b.dropped
}

// streams are the two outputs of one command. They never share a buffer: two writers on one lose text.
type streams struct{ out, err bounded }

func newStreams(limit int) *streams {
	return &streams{out: bounded{limit: limit}, err: bounded{limit: limit}}
}

func (s *streams) seen() int { return s.out.seen() + s.err.seen() }

func (s *streams) output(code int) providers.Output {
	stdout, cutOut := s.out.result()
	stderr, cutErr := s.err.result()
	return providers.Output{Stdout: stdout, Stderr: stderr, ExitCode: code, Truncated: cutOut || cutErr}
}

var _ io.Writer = (*bounded)(nil)
