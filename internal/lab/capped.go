//go:build linux

package lab

import (
	"bytes"
	"sync"
)

// capped is a buffer that keeps at most limit bytes, the first ones or, with tail, the last, and drops the rest: a
// host gone mad must not take the test process with it.
type capped struct {
	limit int
	tail  bool

	mu  sync.Mutex
	buf bytes.Buffer
}

func (c *capped) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keep := p
	if !c.tail {
		keep = p[:min(len(p), c.limit-c.buf.Len())]
	}
	c.buf.Write(keep)
	if over := c.buf.Len() - c.limit; over > 0 {
		c.buf.Next(over)
	}
	return len(p), nil
}

func (c *capped) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.String()
}
