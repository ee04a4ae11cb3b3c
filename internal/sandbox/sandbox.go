// Package sandbox runs work of our own program in child processes with limits of memory, processor time and wall time.
//
// Start makes a child; the program that runs there calls Serve. Between the two go frames of bytes whose meaning is
// the caller's. A child that exceeds a limit dies and says which, as far as it still can; nothing of it survives, and
// none outlives its parent.
//
// Memory and processor time are enforced by the system on Linux (RLIMIT_DATA, RLIMIT_CPU) and by a watcher within the
// child everywhere; where the system tells no processor time, wall time stands in for it.
package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// Limits bound one child. CPU and Wall hold from one mark of progress to the next: see Progress.
type Limits struct {
	Memory int           // bytes that the child may hold; beyond it dies
	CPU    time.Duration // of all its threads
	Wall   time.Duration
	Frame  int // bytes of one frame, in either direction
}

// The ways a child ends early.
var (
	ErrMemory  = errors.New("the child exceeded its memory")
	ErrTime    = errors.New("the child exceeded its processor time")
	ErrLate    = errors.New("the child did not answer in time")
	ErrCrashed = errors.New("the child died")
)

// Exit codes by which a child says why it ends.
const (
	exitMemory = 90
	exitTime   = 91
	exitOrphan = 92
)

var errFrame = errors.New("a frame is longer than the limit")

// writeFrame writes a length and so many bytes.
func writeFrame(w io.Writer, data []byte) error {
	head := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(data)), uint32(len(data)))
	_, err := w.Write(append(head, data...))
	return err
}

// readFrame reads a frame of at most limit bytes. It takes memory for what arrives, not for what is announced.
func readFrame(r io.Reader, limit int) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint32(head[:]))
	if n > int64(limit) {
		return nil, fmt.Errorf("%w: %d bytes", errFrame, n)
	}
	data, err := io.ReadAll(io.LimitReader(r, n))
	if err == nil && int64(len(data)) < n {
		err = io.ErrUnexpectedEOF
	}
	return data, err
}
