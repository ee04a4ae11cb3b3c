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
	loc     *time.Location
	freezes []window.Interval
	at, end time.Time
	open    map[[2]string][]window.Occurrence // by window and the freezes that do not count
	retries map[retryKey]time.Time
}

type retryKey struct {
	window string
	failed int64
}

// spot is an occurrence, or the cause for which there is none.
type spot struct {
	open       bool
	occurrence window.Occurrence
	cause      WaitFor
	reason     decision.Reason
}

func newCalendar(t *policy.Tenant, loc *time.Location, freezes []window.Interval, at, end time.Time) *calendar {
	return &calendar{
		tenant: t, loc: loc, freezes: freezes, at: at, end: end,
		open: map[[2]string][]window.Occurrence{}, retries: map[retryKey]time.Time{},
	}
}

// find returns the first open stretch of a window at whose opening, or now if it is open, an update that is ready at
// an instant may start. The freezes named in allowed do not count.
func (c *calendar) find(name string, allowed []string, ready time.Time) spot {
	w := c.tenant.Window(name)
	if w == nil {
		return spot{cause: ForWindow, reason: decision.Reason{
			Code: decision.ReasonNoWindow, Msg: fmt.Sprintf("the policy has no window %q", name), Source: c.tenant.Source,
		}}
	}
	if o, ok := c.first(*w, c.stretches(*w, c.counting(allowed)), ready); ok {
		return spot{open: true, occurrence: o}
	}
	if o, ok := c.first(*w, c.stretches(*w, nil), ready); ok {
		return c.frozen(*w, allowed, o)
	}
	return c.closed(*w, allowed, ready)
}

// first picks from stretches in order. An always-open window opens when the update is ready.
func (c *calendar) first(w policy.Window, stretches []window.Occurrence, ready time.Time) (window.Occurrence, bool) {
	for _, o := range stretches {
		if w.Always {
			o.Opens = later(o.Opens, ready)
		}
		if !o.Contains(o.Opens) || !o.Opens.Before(c.end) || ready.After(later(c.at, o.Opens)) {
			continue
		}
		return o, true
	}
	return window.Occurrence{}, false
}

// stretches lists what freezes leave of a window within the horizon, once for each set of freezes.
func (c *calendar) stretches(w policy.Window, freezes []window.Interval) []window.Occurrence {
	var names strings.Builder
	for _, f := range freezes {
		names.WriteString(f.Freeze + "\n")
	}
	key := [2]string{w.Name, names.String()}
	if _, ok := c.open[key]; !ok {
		c.open[key] = slices.Collect(window.Open(w, c.loc, freezes, c.at, c.end))
	}
	return c.open[key]
}

func (c *calendar) counting(allowed []string) []window.Interval {
	if len(allowed) == 0 {
		return c.freezes
	}
	var out []window.Interval
	for _, f := range c.freezes {
		if !slices.Contains(allowed, f.Freeze) {
			out = append(out, f)
		}
	}
	return out
}

// frozen blames the freezes that cover an occurrence and all later ones of the horizon; the last to end counts.
func (c *calendar) frozen(w policy.Window, allowed []string, from window.Occurrence) spot {
	var last window.Interval
	for _, o := range c.stretches(w, nil) {
		for _, f := range c.counting(allowed) {
			covers := f.Ends.After(later(o.Opens, from.Opens)) && (o.Closes == nil || f.Starts.Before(*o.Closes)) && f.Starts.Before(c.end)
			if covers && f.Ends.After(last.Ends) {
				last = f
			}
		}
	}
	ends := last.Ends
	return spot{cause: ForFreeze, reason: decision.Reason{
		Code: decision.ReasonFrozen, Source: c.sourceOf(last.Freeze), Until: &ends,
		Msg: fmt.Sprintf("freeze %s covers window %s until %s", last.Freeze, w.Name, stamp(ends)),
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

// farAhead is how far beyond the horizon the next opening is looked for: every recurrence comes round in a year.
const farAhead = 400 * 24 * time.Hour

// closed says when a window opens that does not open within the horizon.
func (c *calendar) closed(w policy.Window, allowed []string, ready time.Time) spot {
	r := decision.Reason{Code: decision.ReasonNoWindow, Source: w.Source}
	from := later(c.end, ready)
	for o := range window.Open(w, c.loc, c.counting(allowed), from, from.Add(farAhead)) {
		if !o.Opens.Before(from) {
			r.Until, r.Msg = &o.Opens, fmt.Sprintf("window %s opens at %s, after the plan's horizon %s", w.Name, stamp(o.Opens), stamp(c.end))
			return spot{cause: ForWindow, reason: r}
		}
	}
	r.Msg = fmt.Sprintf("window %s does not open before %s", w.Name, stamp(from.Add(farAhead)))
	return spot{cause: ForWindow, reason: r}
}

// always windows have no next occurrence, so a failure waits this long there.
const retryAlways = 24 * time.Hour

// retry returns when an update that failed at an instant may be tried again in a window: when the occurrence is over
// in which it failed. Freezes do not make one occurrence two.
func (c *calendar) retry(name string, failed time.Time) time.Time {
	key := retryKey{name, failed.UnixNano()}
	if at, ok := c.retries[key]; ok {
		return at
	}
	var at time.Time
	if w := c.tenant.Window(name); w != nil && w.Always {
		at = upTo(failed.Add(retryAlways))
	} else if w != nil {
		if o, ok := window.Next(*w, c.loc, failed, time.Second); ok && o.Contains(failed) {
			at = *o.Closes
		}
	}
	c.retries[key] = at
	return at
}

// stamp prints an instant for people.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
