// Package lease lets one run at a time start anything on a tenant's hosts of a site. A lease is a ref that runners move by
// compare-and-swap; each has a higher number, its fence, than all before, by which hosts tell late starts.
package lease

import (
	"errors"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner/ledger"
)

// Held is the right of one run to start anything on a tenant's hosts of one site, until Expires by its own clock.
type Held struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"` // "Lease"
	Tenant     string    `json:"tenant"`
	Site       string    `json:"site"`
	Holder     string    `json:"holder"` // the runner's name
	Run        string    `json:"run"`
	Link       string    `json:"link"` // where a person sees the run, "" for nowhere
	Taken      time.Time `json:"taken"`
	Expires    time.Time `json:"expires"`
	Fence      int       `json:"fence"`              // higher than that of every lease of this tenant and site before
	Released   bool      `json:"released,omitempty"` // nobody's any more; it stays so that its fence is never used again

	commit string // that holds it
}

// RunOf names what is done under one lease: no other one of this tenant and site has its number, so runners of several
// sites never name two runs alike.
func RunOf(tenant, site string, fence int) string {
	return fmt.Sprintf("%s-%s-%d", tenant, site, fence)
}

// Free reports whether another run may take the lease over. Margin is by how much two clocks may differ.
func (l Held) Free(now time.Time, margin time.Duration) bool {
	return l.commit == "" || l.Released || now.After(l.Expires.Add(margin))
}

// Valid reports whether the holder may still start something.
func (l Held) Valid(now time.Time) bool { return !l.Released && now.Before(l.Expires) }

// HeldError says who holds a lease, or for a lease that was lost, what became of it.
type HeldError struct{ Lease Held }

func (e *HeldError) Error() string {
	l := e.Lease
	switch {
	case l.commit == "":
		return "the lease is gone: somebody deleted its ref"
	case l.Released:
		return fmt.Sprintf("the lease of %s/%s was released", l.Tenant, l.Site)
	}
	s := fmt.Sprintf("%s holds the lease of %s/%s for run %s until %s (fence %d)", l.Holder, l.Tenant, l.Site, l.Run, l.Expires.Format(time.RFC3339), l.Fence)
	if l.Link != "" {
		s += ", see " + l.Link
	}
	return untrusted.Line(s, 4*ledger.MaxText)
}

// Decode reads a lease strictly. One that cannot be read is never taken for a free one.
func Decode(raw []byte) (Held, error) {
	var l Held
	if err := ledger.Decode(raw, &l); err != nil {
		return Held{}, fmt.Errorf("lease: %w", err)
	}
	if l.APIVersion != canonical.APIVersion || l.Kind != "Lease" {
		return Held{}, fmt.Errorf("lease: it is a %q of %q", l.Kind, l.APIVersion)
	}
	return l, l.check()
}

func (l Held) check() error {
	switch {
	case !ledger.IsName(l.Tenant) || !ledger.IsName(l.Site):
		return fmt.Errorf("lease: tenant %q and site %q", l.Tenant, l.Site)
	case l.Holder == "" || l.Run == "":
		return errors.New("lease: it names no holder or run")
	case max(len(l.Holder), len(l.Run), len(l.Link)) > ledger.MaxText:
		return errors.New("lease: its holder, run or link is too long")
	case l.Fence < 1:
		return fmt.Errorf("lease: fencing number %d", l.Fence)
	case l.Taken.IsZero() || (!l.Released && !l.Expires.After(l.Taken)):
		return fmt.Errorf("lease: taken at %s, expires at %s", l.Taken, l.Expires)
	}
	return nil
}

// filled has what every lease has, and only instants that encode and decode to themselves.
func (l Held) filled() Held {
	l.APIVersion, l.Kind = canonical.APIVersion, "Lease"
	l.Taken, l.Expires = canonical.Instant(l.Taken), canonical.Instant(l.Expires)
	return l
}
