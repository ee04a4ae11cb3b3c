package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// Away is a time in which no scan reached a host.
type Away struct {
	Host   string     `json:"host"`
	Site   string     `json:"site"`
	Since  time.Time  `json:"since"`            // the first scan in vain
	Seen   *time.Time `json:"seen"`             // the scan that reached it again; null: none did yet
	Caught []string   `json:"caught,omitempty"` // lanes in which it was caught up since; sorted
}

// missed: it began before an occurrence was over, and no scan reached the host before that.
func (a Away) missed(o window.Occurrence) bool {
	return o.Closes != nil && a.Since.Before(*o.Closes) && (a.Seen == nil || !a.Seen.Before(*o.Closes))
}

// MayCatchUp says why a host of a ring is not to be caught up in a lane at an instant; "" when it is: it was away at the
// newest occurrence of the ring's windows that is over, and has not been caught up since.
func MayCatchUp(t *policy.Tenant, away []Away, host, ring, lane string, at time.Time) string {
	if t.CatchesUp(ring, lane).As != policy.CatchUpSeen {
		return "its ring catches no host up"
	}
	last, ok := lastOver(t, t.WindowNames(ring, lane), zoneOf(t, host), at)
	switch {
	case !ok:
		return "no window of its ring was ever over"
	case !slices.ContainsFunc(away, func(a Away) bool { return a.Host == host && a.missed(last) }):
		return "it was not away when the window of its ring was open last"
	case !slices.ContainsFunc(away, func(a Away) bool { return a.Host == host && a.missed(last) && !slices.Contains(a.Caught, lane) }):
		return "it was caught up already"
	}
	return ""
}

// Skips says why a host is left out of an occurrence that opened at an instant; "" when it is not: a scan found it away
// after that, or before and none had seen it again.
func Skips(t *policy.Tenant, away []Away, host, ring, lane string, opens time.Time) string {
	names := t.WindowNames(ring, lane)
	if t.CatchesUp(ring, lane).As != policy.CatchUpSkip || slices.ContainsFunc(names, func(name string) bool { w := t.Window(name); return w != nil && w.Always }) {
		return ""
	}
	for _, a := range away {
		if a.Host == host && (a.Seen == nil || a.Seen.After(opens)) {
			return "it was away while its window was open, from " + stamp(a.Since)
		}
	}
	return ""
}

func zoneOf(t *policy.Tenant, host string) string {
	i := slices.IndexFunc(t.Hosts, func(h policy.Host) bool { return h.Name == host })
	if i < 0 {
		return ""
	}
	return t.Hosts[i].Label(policy.ZoneLabel)
}

// lastOver is the newest occurrence of some windows that is over, as far as freezes leave any of it; what is frozen takes
// place for nobody.
func lastOver(t *policy.Tenant, names []string, zone string, at time.Time) (last window.Occurrence, ok bool) {
	u, err := window.For(t, names, zone)
	if err != nil || u.Always() {
		return last, false
	}
	for _, back := range []time.Duration{40 * 24 * time.Hour, farAhead} {
		freezes, err := window.Freezes(t, zone, at.Add(-back), at)
		if err != nil {
			return last, false
		}
		for o := range u.Open(freezes, at.Add(-back), at) {
			if o.Closes != nil && !o.Closes.After(at) {
				last, ok = o, true
			}
		}
		if ok {
			break
		}
	}
	return last, ok
}

// absent is the target of a host that was away, where its ring has a rule for that.
func (b *build) absent(v *verdict, m member, r rota, t target) target {
	away := b.away[m.host.Name]
	if len(away) == 0 {
		return t
	}
	ring, lane := b.rings[m.ring].Name, b.laneName(v.part.lane)
	switch rule := b.Policy.CatchesUp(ring, lane); rule.As {
	case policy.CatchUpSeen:
		return b.catchUp(v, m, t, rule.Within)
	case policy.CatchUpSkip:
		if t.bucket == nil || t.bucket.occurrence.Opens.After(b.At) {
			return t
		}
		if why := Skips(b.Policy, away, m.host.Name, ring, lane, t.bucket.occurrence.Opens); why != "" {
			return b.leaveOut(v, r, *t.bucket.occurrence.Closes, why)
		}
	case policy.CatchUpNext:
	}
	return t
}

// catchUp moves an update into the first opening of the window that the ring names, if that comes before the ring's own.
// What is not ready by then waits for the ring's.
func (b *build) catchUp(v *verdict, m member, t target, within string) target {
	switch {
	case t.bucket != nil && !t.bucket.occurrence.Opens.After(b.At), t.bucket == nil && t.waiting.For != ForWindow:
		return t
	case !b.mayCatchUp(m, b.laneName(v.part.lane)):
		return t
	}
	q := rotaOf([]string{within})
	if b.perHost(q.windows()) {
		q.zone = m.zone
	}
	first, spot := b.calendar.find(q, v.allowed, b.At), b.calendar.find(q, v.allowed, v.ready)
	if !spot.open || !spot.occurrence.Opens.Equal(first.occurrence.Opens) || t.bucket != nil && !spot.occurrence.Opens.Before(t.bucket.occurrence.Opens) {
		return t
	}
	return target{bucket: v.part.bucket(spot.occurrence, true)}
}

// mayCatchUp asks once for each host and lane.
func (b *build) mayCatchUp(m member, lane string) bool {
	key := [2]string{m.host.Name, lane}
	may, ok := b.caught[key]
	if !ok {
		may = MayCatchUp(b.Policy, b.away[m.host.Name], m.host.Name, b.rings[m.ring].Name, lane, b.At) == ""
		b.caught[key] = may
	}
	return may
}

// leaveOut is the target of an update on a host that is left out until an occurrence is over, found once for all hosts.
func (b *build) leaveOut(v *verdict, r rota, until time.Time, why string) target {
	key := again{r, until.Unix()}
	if t, ok := v.skipped[key]; ok {
		return t
	}
	t := b.target(v, r, until)
	if t.waiting != nil {
		t.waiting.Reasons = append(t.waiting.Reasons, decision.Reason{Code: decision.ReasonWasAway, Msg: fmt.Sprintf("left out of this occurrence: %s", why), Until: &until})
	}
	if v.skipped == nil {
		v.skipped = map[again]target{}
	}
	v.skipped[key] = t
	return t
}
