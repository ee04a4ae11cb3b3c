package transport

import (
	"errors"
	"net"
	"sync/atomic"
)

// helloLimit bounds what a host may send before the login is complete: banners, mostly.
const helloLimit = 1 << 20

var errHello = errors.New("the host sent more than 1 MiB before the login")

// wire is a network connection that bounds what comes before the login.
type wire struct {
	net.Conn
	left atomic.Int64
	open atomic.Bool // the login is complete, no bound any more
}

func newWire(c net.Conn) *wire {
	w := &wire{Conn: c}
	w.left.Store(helloLimit)
	return w
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if !w.open.Load() && w.left.Add(-int64(n)) < 0 {
		return 0, errHello
	}
	return n, err
}
