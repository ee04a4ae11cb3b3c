package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// calendar finds occurrences within the horizon [at, end).
type calendar struct {
	tenant  *policy.Tenant
	frozen  map[string]ice // by the zone of hosts, "" where it makes no difference
	at, end time.Time
	open    map[openKey][]window.Occurrence
	unions  map[rota]window.Union
	retries map[retryKey]time.Time
}

// ice is what freezes come to in one zone of hosts, or why nobody knows.
type ice struct {
	freezes []window.Interval
	err     error
}

// openKey tells lists of open stretches apart: whose, and cut by which freezes.
type openKey struct {
	rota    rota
	freezes string
}

type retryKey struct {
	rota   rota
	failed int64
}

// spot is an occurrence, or the cause for which there is none.
type spot struct {
	open       bool
	occurrence window.Occurrence
	cause      WaitFor
	reason     decision.Reason
}

func newCalendar(t *policy.Tenant, at, end time.Time) *calendar {
	return &calendar{
		tenant: t, frozen: map[string]ice{}, at: at, end: end,
		open: map[openKey][]window.Occurrence{}, unions: map[rota]window.Union{}, retries: map[retryKey]time.Time{},
	}
}

// find returns the first open stretch of some windows at whose opening, or now if it is open, an update that is ready
// at an instant may start. The freezes named in allowed do not count.
func (c *calendar) find(r rota, allowed []string, ready time.Time) spot {
	u, err := c.union(r)
	if err != nil {
		return spot{cause: ForWindow, reason: decision.Reason{Code: decision.ReasonNoWindow, Msg: err.Error(), Source: c.tenant.Source}}
	}
	freezes, err := c.counting(r, allowed)
	if err != nil {
		return spot{cause: ForFreeze, reason: decision.Reason{Code: decision.ReasonFrozen, Msg: err.Error(), Source: c.tenant.Source}}
	}
	if o, ok := c.first(u, c.stretches(r, u, freezes), ready); ok {
		return spot{open: true, occurrence: o}
	}
	if o, ok := c.first(u, c.stretches(r, u, nil), ready); ok {
		return c.covered(r, u, freezes, o)
	}
	return c.closed(r, u, freezes, ready)
}

func (c *calendar) union(r rota) (window.Union, error) {
	if u, ok := c.unions[r]; ok {
		return u, nil
	}
	u, err := window.For(c.tenant, r.windows(), r.zone)
	if err == nil {
		c.unions[r] = u
	}
	return u, err
}

// first picks from stretches in order. An always-open window opens when the update is ready.
func (c *calendar) first(u window.Union, stretches []window.Occurrence, ready time.Time) (window.Occurrence, bool) {
	for _, o := range stretches {
		if u.Always() {
			o.Opens = later(o.Opens, ready)
		}
		if !o.Contains(o.Opens) || !o.Opens.Before(c.end) || ready.After(later(c.at, o.Opens)) {
			continue
		}
		return o, true
	}
	return window.Occurrence{}, false
}

// stretches lists what freezes leave of windows within the horizon, once for each set of freezes.
func (c *calendar) stretches(r rota, u window.Union, freezes []window.Interval) []window.Occurrence {
	var names []string
	for _, f := range freezes {
		names = append(names, f.Freeze)
	}
	slices.Sort(names) // one freeze may be many intervals
	key := openKey{r, strings.Join(slices.Compact(names), "+")}
	if _, ok := c.open[key]; !ok {
		c.open[key] = slices.Collect(u.Open(freezes, c.at, c.end))
	}
	return c.open[key]
}

// freezes resolves those of the tenant for hosts of a zone. That one is not known is never taken for no freeze.
func (c *calendar) freezes(zone string) ([]window.Interval, error) {
	if !window.FrozenPerHost(c.tenant) {
		zone = ""
	}
	known, ok := c.frozen[zone]
	if !ok {
		known.freezes, known.err = window.Freezes(c.tenant, zone, c.at, c.end.Add(2*farAhead))
		c.frozen[zone] = known
	}
	return known.freezes, known.err
}

// counting are the freezes that hold in some windows, but for those that an update may pass.
func (c *calendar) counting(r rota, allowed []string) ([]window.Interval, error) {
	freezes, err := c.freezes(r.zone)
	if err != nil || len(allowed) == 0 {
		return freezes, err
	}
	var out []window.Interval
	for _, f := range freezes {
		if !slices.Contains(allowed, f.Freeze) {
			out = append(out, f)
		}
	}
	return out, nil
}

// covered blames the freezes that cover an occurrence and all later ones of the horizon; the last to end counts.
func (c *calendar) covered(r rota, u window.Union, freezes []window.Interval, from window.Occurrence) spot {
	var last window.Interval
	for _, o := range c.stretches(r, u, nil) {
		for _, f := range freezes {
			covers := f.Ends.After(later(o.Opens, from.Opens)) && (o.Closes == nil || f.Starts.Before(*o.Closes)) && f.Starts.Before(c.end)
			if covers && f.Ends.After(last.Ends) {
				last = f
			}
		}
	}
	ends := last.Ends
	return spot{cause: ForFreeze, reason: decision.Reason{
		Code: decision.ReasonFrozen, Source: c.sourceOf(last.Freeze), Until: &ends,
		Msg: fmt.Sprintf("freeze %s covers window %s until %s", last.Freeze, r, stamp(ends)),
	}}
}

func (c *calendar) sourceOf(freeze string) string {
	for _, f := range c.tenant.Freezes {
		if f.Name == freeze {
			return f.Source
		}
	}
	return ""
}

// farAhead is how far beyond the horizon the next opening is looked for: most recurrences come round in a year.
const farAhead = 400 * 24 * time.Hour

// closed says when a window opens that does not open within the horizon.
func (c *calendar) closed(r rota, u window.Union, freezes []window.Interval, ready time.Time) spot {
	why := decision.Reason{Code: decision.ReasonNoWindow, Source: u[0].Source}
	from := later(c.end, ready)
	for o := range u.Open(freezes, from, from.Add(farAhead)) {
		if !o.Opens.Before(from) {
			why.Until, why.Msg = &o.Opens, fmt.Sprintf("window %s opens at %s, after the plan's horizon %s", r, stamp(o.Opens), stamp(c.end))
			return spot{cause: ForWindow, reason: why}
		}
	}
	why.Msg = fmt.Sprintf("window %s does not open before %s", r, stamp(from.Add(farAhead)))
	return spot{cause: ForWindow, reason: why}
}

// always windows have no next occurrence, so a failure waits this long there.
const retryAlways = 24 * time.Hour

// retry returns when an update that failed at an instant may be tried again in some windows: when the occurrence is over
// in which it failed. Freezes do not make one occurrence two.
func (c *calendar) retry(r rota, failed time.Time) time.Time {
	key := retryKey{r, failed.UnixNano()}
	if at, ok := c.retries[key]; ok {
		return at
	}
	var at time.Time
	if u, err := c.union(r); err == nil && u.Always() {
		at = upTo(failed.Add(retryAlways))
	} else if err == nil {
		if o, ok := u.Next(failed, time.Second); ok && o.Contains(failed) {
			at = *o.Closes
		}
	}
	c.retries[key] = at
	return at
}

// stamp prints an instant for people.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
