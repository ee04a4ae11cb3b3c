// Package control is one branch of orders for all tenants: halts, and the breaks of updates that failed for several of
// them. Whoever can write the branch can stop; what starts again takes as many persons as a Quorum asks for. What cannot
// be read stops everyone.
package control

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner/ledger"
)

// Everyone is the tenant of a halt order for all tenants.
const Everyone = "*"

// Kind is what an order says.
type Kind string

// The kinds.
const (
	Halt    Kind = "Halt"
	Unhalt  Kind = "Unhalt"
	Break   Kind = "Break"   // the breaker holds an update
	Unbreak Kind = "Unbreak" // a person releases it
)

// Order is one commit of the control branch. A Halt orders to start nothing any more for a tenant or for Everyone; a
// Break holds one update for all tenants that share the breaker. The other two lift them. What is under way ends by
// itself.
type Order struct {
	APIVersion string     `json:"apiVersion"`
	Kind       Kind       `json:"kind"`
	Tenant     string     `json:"tenant"`
	Update     string     `json:"update,omitempty"`  // purl, of a Break and an Unbreak
	Hosts      int        `json:"hosts,omitempty"`   // of a Break: on how many the update failed, and of how many tenants
	Tenants    int        `json:"tenants,omitempty"` // they are counted only: no tenant learns another's name from it
	UpTo       *time.Time `json:"upTo,omitempty"`    // of an Unbreak: failures until then count no more
	Reason     string     `json:"reason"`
	By         string     `json:"by"`
	At         time.Time  `json:"at"`
}

// Orders is what stands of all orders.
type Orders struct {
	Halts    []Standing           // oldest first
	Breaks   []Standing           // oldest first, one an update
	Released map[string]time.Time // update → failures until then are forgiven
	Persons  int                  // how many must agree to lift one
	Read     time.Time            // when the remote said so; zero: it never did
}

// Standing is a halt or a break that was not lifted yet.
type Standing struct {
	Order
	Voice  Voice   // who gave it: it stands whoever that was; zero: nobody did, the orders cannot be read
	Agreed []Voice // whose orders to lift it count so far
}

// Halted returns the order that stops a tenant.
func (c Orders) Halted(tenant string) (Standing, bool) {
	i := slices.IndexFunc(c.Halts, func(h Standing) bool { return h.Tenant == tenant || h.Tenant == Everyone })
	if i < 0 {
		return Standing{}, false
	}
	return c.Halts[i], true
}

// Broken returns the break of an update.
func (c Orders) Broken(update string) (Standing, bool) {
	i := slices.IndexFunc(c.Breaks, func(b Standing) bool { return b.Update == update })
	if i < 0 {
		return Standing{}, false
	}
	return c.Breaks[i], true
}

// Left lists what stands of that which an order is to lift: halts of its very tenant, or the break of its update.
func (c Orders) Left(o Order) []Standing {
	var out []Standing
	for _, list := range [][]Standing{c.Halts, c.Breaks} {
		for _, s := range list {
			if o.lifts(s.Order) {
				out = append(out, s)
			}
		}
	}
	return out
}

// lifts reports whether an order is to lift another. Who is to be believed is the quorum's to say.
func (o Order) lifts(other Order) bool {
	switch o.Kind {
	case Unhalt:
		return other.Kind == Halt && other.Tenant == o.Tenant
	case Unbreak:
		return other.Kind == Break && other.Update == o.Update
	}
	return false
}

// unreadable is Orders that stop everyone: what could not be read may be a halt.
func unreadable(why error, now time.Time) Orders {
	return Orders{Read: now, Halts: []Standing{{Order: Order{
		APIVersion: canonical.APIVersion, Kind: Halt, Tenant: Everyone, At: canonical.Instant(now), By: ledger.Author,
		Reason: "the halt orders cannot be read: " + why.Error(),
	}}}}
}

// Decode reads an order strictly.
func Decode(raw []byte) (Order, error) {
	var o Order
	if err := ledger.Decode(raw, &o); err != nil {
		return Order{}, fmt.Errorf("halt order: %w", err)
	}
	if o.APIVersion != canonical.APIVersion {
		return Order{}, fmt.Errorf("halt order: it is of %q", o.APIVersion)
	}
	return o, o.check()
}

func (o Order) check() error {
	switch {
	case !slices.Contains([]Kind{Halt, Unhalt, Break, Unbreak}, o.Kind):
		return fmt.Errorf("halt order: unknown kind %q", o.Kind)
	case o.Tenant != Everyone && !ledger.IsName(o.Tenant):
		return fmt.Errorf("halt order: %q is no tenant name", o.Tenant)
	case o.Reason == "" || o.By == "":
		return errors.New("halt order: it does not say why and by whom")
	case max(len(o.Reason), len(o.By), len(o.Update)) > ledger.MaxText:
		return fmt.Errorf("halt order: reason, name and update may have %d bytes each", ledger.MaxText)
	case o.At.IsZero():
		return errors.New("halt order: it does not say when")
	}
	return o.fields()
}

// fields makes sure that an order says what its kind has to say, and nothing else.
func (o Order) fields() error {
	breaker := o.Kind == Break || o.Kind == Unbreak
	switch {
	case breaker && o.Tenant != Everyone:
		return errors.New("halt order: the breaker is for all tenants that share it, not for one")
	case breaker != strings.HasPrefix(o.Update, "pkg:") || untrusted.Line(o.Update, ledger.MaxText) != o.Update:
		return fmt.Errorf("halt order: a %s of update %q", o.Kind, untrusted.Line(o.Update, 100))
	case (o.Kind == Break) != (o.Hosts > 0) || (o.Kind == Break) != (o.Tenants > 0):
		return fmt.Errorf("halt order: a %s of %d hosts of %d tenants", o.Kind, o.Hosts, o.Tenants)
	case (o.Kind == Unbreak) != (o.UpTo != nil):
		return fmt.Errorf("halt order: a %s must say until when failures are forgiven, and nothing else may", Unbreak)
	}
	return nil
}

func (o Order) filled() Order {
	o.APIVersion, o.At = canonical.APIVersion, canonical.Instant(o.At)
	if o.UpTo != nil {
		o.UpTo = canonical.InstantPtr(*o.UpTo)
	}
	return o
}
