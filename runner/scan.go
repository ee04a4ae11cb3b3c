package runner

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
)

// Errors of an Opener. They decide what an unscanned host is called.
var (
	ErrQuarantined = errors.New("quarantined")
	ErrUnreachable = providers.ErrUnreachable
	ErrProvider    = errors.New("the provider is missing, untrusted or crashed")
)

// Reading is what one host answered: a scan, or the reason why there is none.
type Reading struct {
	Host string
	Scan *providers.HostScan
	Err  error
	// Health is what was looked at beside the scan, the worst first; nil when nobody says how well the host is.
	Health []inventory.Check
}

// State says what a host without a scan is: never compliant, and named by what went wrong.
func (r Reading) State() inventory.HostState {
	switch {
	case r.Err == nil:
		return inventory.Scanned
	case errors.Is(r.Err, ErrQuarantined):
		return inventory.Quarantined
	case errors.Is(r.Err, ErrUnreachable):
		return inventory.Unreachable
	}
	return inventory.Stale
}

// ScanOptions say how to scan. Observe is told of each host as it ends, from several goroutines but never at once.
type ScanOptions struct {
	At       time.Time
	Refresh  bool
	Parallel int
	Observe  func(Reading)
}

// Scan reads the hosts, at most Parallel at a time, and returns one Reading each in the order of hosts. One slow or
// broken host costs its own slot only.
func Scan(ctx context.Context, tenant string, hosts []policy.Host, open Opener, o ScanOptions) []Reading {
	out := make([]Reading, len(hosts))
	var g errgroup.Group
	g.SetLimit(max(1, o.Parallel))
	var mu sync.Mutex
	for i, h := range hosts {
		g.Go(func() error {
			out[i] = scanHost(ctx, tenant, h, open, o)
			if o.Observe != nil {
				mu.Lock()
				defer mu.Unlock()
				o.Observe(out[i])
			}
			return nil
		})
	}
	_ = g.Wait() // readings carry their own errors
	return out
}

func scanHost(ctx context.Context, tenant string, h policy.Host, open Opener, o ScanOptions) Reading {
	s, err := open.Open(ctx, h, Claim{})
	if err != nil {
		return Reading{Host: h.Name, Err: err}
	}
	defer s.Close()
	return readAll(ctx, s, h.Name, providers.ScanRequest{Host: ref(tenant, h), At: o.At, Refresh: o.Refresh})
}

// readAll is read, and how well the host is beside it.
func readAll(ctx context.Context, s Session, host string, req providers.ScanRequest) Reading {
	scan, err := read(ctx, s, req)
	if err != nil {
		return Reading{Host: host, Err: err}
	}
	health, err := examine(ctx, s, providers.HealthRequest{Host: req.Host, At: req.At})
	if err != nil {
		health = unexamined(err)
	}
	return Reading{Host: host, Scan: scan, Health: health}
}

// read scans through an open session and refuses an answer that breaks the grammar of names and versions.
func read(ctx context.Context, s Session, req providers.ScanRequest) (*providers.HostScan, error) {
	scan, err := s.Provider.Scan(ctx, req, s.Exec)
	if err != nil {
		return nil, err
	}
	if err := validate(scan); err != nil {
		return nil, err
	}
	return &scan, nil
}

// note is the one line that a snapshot keeps of an error.
func note(err error) string { return untrusted.Line(err.Error(), 300) }
