//go:build linux

package lab

import (
	"fmt"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
)

// mirrorName is what the hosts call the mirror.
const mirrorName = "mirror.lab"

// Mirror is the archive the hosts take packages from, with switches for what goes wrong. All hosts see the same.
type Mirror struct {
	server *http.Server

	mu       sync.Mutex
	fault    Fault
	replaced map[string]string
	hidden   []string
	served   []string
}

func serveMirror(dir, addr string) (*Mirror, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("mirror: %w", err)
	}
	m := &Mirror{replaced: map[string]string{}}
	m.server = &http.Server{Handler: m.handler(http.FileServer(http.Dir(dir)))}
	go m.server.Serve(ln)
	return m, nil
}

func (m *Mirror) close() error { return m.server.Close() }

// SetFault makes the mirror misbehave from the next request on. The zero Fault mends it.
func (m *Mirror) SetFault(f Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = f
}

// Replace serves another suite under the name of one, as when a mirror moves on or falls into wrong hands; by ""
// undoes it. Suites made for it are lab-good-next and security-unsigned, security-wrongkey and security-expired.
func (m *Mirror) Replace(suite, by string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if by == "" {
		delete(m.replaced, suite)
		return
	}
	m.replaced[suite] = by
}

// Hide makes every file whose path contains part unfindable; "" shows all again.
func (m *Mirror) Hide(part string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if part == "" {
		m.hidden = nil
		return
	}
	m.hidden = append(m.hidden, part)
}

// Served returns the paths asked for since the last call, at most the last thousand.
func (m *Mirror) Served() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.served
	m.served = nil
	return out
}

func (m *Mirror) handler(files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault, ok := m.admit(r)
		if !ok {
			http.NotFound(w, r)
			return
		}
		// Files of one build are equally old: a replaced index must neither pass for unmodified nor continue another.
		r.Header.Del("If-Modified-Since")
		if strings.HasPrefix(r.URL.Path, "/dists/") {
			r.Header.Del("Range")
		}
		fault.serve(files, w, r)
	})
}

// admit notes the request, points it to the file it is to get and tells which fault applies.
func (m *Mirror) admit(r *http.Request) (Fault, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	asked := path.Clean(r.URL.Path)
	if m.served = append(m.served, asked); len(m.served) > 1000 {
		m.served = m.served[1:]
	}
	for suite, by := range m.replaced {
		if rest, ok := strings.CutPrefix(asked, "/dists/"+suite+"/"); ok {
			r.URL.Path = "/dists/" + by + "/" + rest
			break
		}
	}
	hidden := slices.ContainsFunc(m.hidden, func(part string) bool { return strings.Contains(asked, part) })
	if !strings.HasSuffix(asked, m.fault.Only) {
		return Fault{}, !hidden
	}
	return m.fault, !hidden
}
