package window

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// ErrHostZone is wrapped by errors about a host whose zone is not known, so that no window or freeze of its own zone can
// be read.
var ErrHostZone = errors.New("the host's time zone is not known")

// For returns the windows of those names, each in its zone. host is the zone that the host's label names; it matters
// only where a window is open in each host's own zone. An error means that nothing may start there.
func For(t *policy.Tenant, names []string, host string) (Union, error) {
	var out Union
	for _, name := range names {
		w := t.Window(name)
		if w == nil {
			return nil, fmt.Errorf("the policy has no window %q", name)
		}
		loc, err := Location(t, *w, host)
		if err != nil {
			return nil, err
		}
		out = append(out, Zoned{*w, loc})
	}
	if len(out) == 0 {
		return nil, errors.New("no window is named")
	}
	return out, nil
}

// Location is the zone of one window, as For describes it.
func Location(t *policy.Tenant, w policy.Window, host string) (*time.Location, error) {
	return locate(t, w.Timezone, "window "+w.Name, host)
}

// locate is the zone in which wall times are meant: the tenant's, one that is named, or a host's own.
func locate(t *policy.Tenant, zone, what, host string) (*time.Location, error) {
	switch {
	case zone == "":
		return Zone(t.Timezone)
	case zone != policy.HostZone:
		return Zone(zone)
	case host == "":
		return nil, fmt.Errorf("%w: %s is meant in each host's own zone, and the host has no label %s", ErrHostZone, what, policy.ZoneLabel)
	}
	loc, err := Zone(host)
	if err != nil {
		return nil, fmt.Errorf("%w: label %s: %w", ErrHostZone, policy.ZoneLabel, err)
	}
	return loc, nil
}

// PerHost reports whether one of the windows is open in each host's own zone.
func PerHost(t *policy.Tenant, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		w := t.Window(name)
		return w != nil && w.Timezone == policy.HostZone
	})
}
