package ledger

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/internal/canonical"
)

// Everyone is the tenant of a halt order for all tenants.
const Everyone = "*"

// Kind is what an order says.
type Kind string

// The kinds.
const (
	KindHalt   Kind = "Halt"
	KindUnhalt Kind = "Unhalt"
)

// Halt is an order to start nothing any more for a tenant or for Everyone, or the order that lifts it. What is under
// way ends by itself.
type Halt struct {
	APIVersion string    `json:"apiVersion"`
	Kind       Kind      `json:"kind"`
	Tenant     string    `json:"tenant"`
	Reason     string    `json:"reason"`
	By         string    `json:"by"`
	At         time.Time `json:"at"`
}

// Control is what stands of all orders.
type Control struct {
	Halts []Halt    // oldest first; an Unhalt lifts all of its very tenant
	Read  time.Time // when the remote said so; zero: it never did
}

// Halted returns the order that stops a tenant.
func (c Control) Halted(tenant string) (Halt, bool) {
	i := slices.IndexFunc(c.Halts, func(h Halt) bool { return h.Tenant == tenant || h.Tenant == Everyone })
	if i < 0 {
		return Halt{}, false
	}
	return c.Halts[i], true
}

// Fresh reports whether the remote was read recently enough to start something on its word.
func (c Control) Fresh(now time.Time, within time.Duration) bool {
	return !c.Read.IsZero() && now.Sub(c.Read) <= within
}

// after is Control after one more order.
func (c Control) after(h Halt) Control {
	c.Halts = slices.Clone(c.Halts)
	if h.Kind == KindUnhalt {
		c.Halts = slices.DeleteFunc(c.Halts, func(o Halt) bool { return o.Tenant == h.Tenant })
	} else {
		c.Halts = append(c.Halts, h)
	}
	return c
}

// of lists the orders of one very tenant.
func (c Control) of(tenant string) []Halt {
	return slices.DeleteFunc(slices.Clone(c.Halts), func(h Halt) bool { return h.Tenant != tenant })
}

// unreadable is a Control that stops everyone: what could not be read may be a halt.
func unreadable(why error, now time.Time) Control {
	return Control{Read: now, Halts: []Halt{{
		APIVersion: APIVersion, Kind: KindHalt, Tenant: Everyone, At: canonical.Instant(now), By: authorName,
		Reason: "the halt orders cannot be read: " + why.Error(),
	}}}
}

// DecodeHalt reads an order strictly.
func DecodeHalt(raw []byte) (Halt, error) {
	var h Halt
	if err := strict(raw, &h); err != nil {
		return Halt{}, fmt.Errorf("halt order: %w", err)
	}
	if h.APIVersion != APIVersion {
		return Halt{}, fmt.Errorf("halt order: it is of %q", h.APIVersion)
	}
	return h, h.check()
}

func (h Halt) check() error {
	switch {
	case h.Kind != KindHalt && h.Kind != KindUnhalt:
		return fmt.Errorf("halt order: unknown kind %q", h.Kind)
	case h.Tenant != Everyone && !plainName.MatchString(h.Tenant):
		return fmt.Errorf("halt order: %q is no tenant name", h.Tenant)
	case h.Reason == "" || h.By == "":
		return errors.New("halt order: it does not say why and by whom")
	case max(len(h.Reason), len(h.By)) > maxText:
		return fmt.Errorf("halt order: reason and name may have %d bytes", maxText)
	case h.At.IsZero():
		return errors.New("halt order: it does not say when")
	}
	return nil
}

func (h Halt) filled() Halt {
	h.APIVersion, h.At = APIVersion, canonical.Instant(h.At)
	return h
}
