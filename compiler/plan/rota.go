package plan

import (
	"errors"
	"strings"

	"github.com/ringfence/ringfence/compiler/window"
)

// rota is the windows in which something may happen, as a host reads them.
type rota struct {
	names string // joined by +, which no name holds
	zone  string // of the host, where a window or freeze is meant in each host's own zone
}

func rotaOf(names []string) rota { return rota{names: strings.Join(names, "+")} }

func (r rota) windows() []string { return strings.Split(r.names, "+") }

// String names the windows for people.
func (r rota) String() string { return strings.ReplaceAll(r.names, "+", " and ") }

// rota is that of a ring in a lane. Hosts' zones are left out where no window asks for them, so that all hosts share
// what is found.
func (b *build) rota(ring, lane int, zone string) rota {
	r := b.rotas[ring*len(b.lanes)+lane]
	if r.perHost {
		return rota{r.names, zone}
	}
	return r.rota
}

// laneRota is what is known of a ring in a lane before any host is.
type laneRota struct {
	rota
	perHost bool
}

func (b *build) findRotas() {
	for _, r := range b.rings {
		for _, l := range b.lanes {
			names := r.WindowNames()
			if l != nil && len(l.WindowNames()) > 0 {
				names = l.WindowNames()
			}
			b.rotas = append(b.rotas, laneRota{rotaOf(names), b.perHost(names)})
		}
	}
}

// perHost reports whether it makes a difference to when some windows are open in what zone a host is.
func (b *build) perHost(names []string) bool {
	return window.PerHost(b.Policy, names) || window.FrozenPerHost(b.Policy)
}

// rebootRota is that of reboots which are planned by themselves.
func (b *build) rebootRota(ring, lane int, zone string) rota {
	r := b.rings[ring]
	switch {
	case !r.OwnReboots() || lane != 0:
		return b.rota(ring, lane, zone)
	case !b.perHost(r.RebootWindowNames()):
		zone = ""
	}
	own := rotaOf(r.RebootWindowNames())
	own.zone = zone
	return own
}

// zoneless says why a host's zone is not known in a ring where a window or freeze asks for it, else "".
func (b *build) zoneless(ring int, zone string) string {
	if _, err := b.calendar.freezes(zone); errors.Is(err, window.ErrHostZone) {
		return err.Error()
	}
	rotas := []rota{b.rebootRota(ring, 0, zone)}
	for lane := range b.lanes {
		rotas = append(rotas, b.rota(ring, lane, zone))
	}
	if within := b.rings[ring].CatchUp.Within; within != "" {
		rotas = append(rotas, rota{within, zone})
	}
	for _, r := range rotas {
		if _, err := window.For(b.Policy, r.windows(), r.zone); errors.Is(err, window.ErrHostZone) {
			return err.Error()
		}
	}
	return ""
}

// where is the target of an update on a host of a zone, but for what the host's own past says.
func (b *build) where(v *verdict, r rota) target {
	t := target{v.bucket, v.waiting}
	if t != (target{}) {
		return t
	}
	if t, ok := v.local[r]; ok {
		return t
	}
	if v.local == nil {
		v.local = map[rota]target{}
	}
	v.local[r] = b.target(v, r, v.ready)
	return v.local[r]
}
