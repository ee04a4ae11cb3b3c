//go:build linux

package lab

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// FaultKind is a way in which a mirror fails.
type FaultKind int

// The kinds of fault, and what Fault.N means to each.
const (
	NoFault FaultKind = iota
	Status            // answers with status N
	Cut               // breaks the connection after N bytes of each body
	Stall             // sends nothing more after N bytes of each body
	Slow              // sends N bytes a second
)

var faultNames = [...]string{"ok", "status", "cut", "stall", "slow"}

func (k FaultKind) String() string { return faultNames[k] }

// Fault is how the mirror treats requests whose path ends in Only, for example ".deb" or "InRelease".
type Fault struct {
	Kind FaultKind
	N    int64
	Only string
}

// ParseFault reads "status 503", "cut 1000 .deb" or "ok".
func ParseFault(words []string) (Fault, error) {
	var f Fault
	for k, name := range faultNames {
		if len(words) > 0 && words[0] == name {
			f.Kind = FaultKind(k)
			return f, f.parse(words[1:])
		}
	}
	return f, fmt.Errorf("fault %q: want one of %q, a number, and the end of the paths concerned", words, faultNames)
}

func (f *Fault) parse(words []string) (err error) {
	if len(words) > 0 {
		f.N, err = strconv.ParseInt(words[0], 10, 64)
	}
	if len(words) > 1 {
		f.Only = words[1]
	}
	return err
}

func (f Fault) serve(files http.Handler, w http.ResponseWriter, r *http.Request) {
	switch f.Kind {
	case NoFault:
		files.ServeHTTP(w, r)
	case Status:
		w.WriteHeader(int(f.N))
	case Cut, Stall, Slow:
		files.ServeHTTP(&badWriter{ResponseWriter: w, r: r, fault: f}, r)
	default:
		panic(fmt.Sprintf("lab: fault kind %d", f.Kind))
	}
}

// badWriter lets a body through as its fault allows.
type badWriter struct {
	http.ResponseWriter
	r     *http.Request
	fault Fault
	sent  int64
}

func (w *badWriter) Write(p []byte) (int, error) {
	if w.fault.Kind == Slow {
		return w.trickle(p)
	}
	n, err := w.ResponseWriter.Write(p[:min(int64(len(p)), w.fault.N-w.sent)])
	w.sent += int64(n)
	if err != nil || n == len(p) {
		return n, err
	}
	w.flush()
	if w.fault.Kind == Stall {
		<-w.r.Context().Done()
	}
	panic(http.ErrAbortHandler)
}

func (w *badWriter) trickle(p []byte) (int, error) {
	step := int(max(1, w.fault.N/10))
	for sent := 0; sent < len(p); {
		n, err := w.ResponseWriter.Write(p[sent:min(len(p), sent+step)])
		if sent += n; err != nil {
			return sent, err
		}
		w.flush()
		select {
		case <-w.r.Context().Done():
			return sent, w.r.Context().Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return len(p), nil
}

func (w *badWriter) flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }
