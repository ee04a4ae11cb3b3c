package check

import (
	"encoding/json"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

const (
	soonAhead  = 40 * 24 * time.Hour // within which nearly every window opens
	clockAhead = 366 * 24 * time.Hour
	longAhead  = 10 * clockAhead
)

// Ahead says what an instant has to do with policies that are right by themselves: windows whose last occurrence is
// over, or of which freezes leave nothing, rules and declarations that have expired, and starts within a year that a clock
// shows twice or never. It remembers what it found out about a window in a zone, as tenants share most of theirs. Not for
// concurrent use.
type Ahead struct {
	at    time.Time
	known map[string]outlook
}

// NewAhead looks from an instant.
func NewAhead(at time.Time) *Ahead { return &Ahead{at, map[string]outlook{}} }

// Tenant returns the findings about one tenant.
func (a *Ahead) Tenant(t *policy.Tenant) diag.List {
	out := expired(t, a.at)
	for _, w := range t.Windows {
		loc, err := window.Location(t, w, "UTC") // in what zone hosts are makes no difference of years
		if err != nil {
			continue
		}
		look := a.look(w, loc)
		if !look.opens {
			d := diag.New(diag.NothingAhead, "the window %q does not open after %s", w.Name, a.at.UTC().Format(time.DateOnly)).
				WithFix("give it later dates, or let its rings have another window")
			d.Severity = diag.Warning
			out = append(out, d.At(diag.ParsePlace(w.Source)).About("windows", w.Name))
		}
		if len(look.jumps) > 0 && w.Timezone != policy.HostZone {
			out = append(out, clock(w, loc, look.jumps))
		}
	}
	return of(t, append(out, frozenOut(t, a.at)...))
}

// outlook is what an instant has to do with a window.
type outlook struct {
	opens bool
	jumps []window.Jump
}

// look answers for what a window says, whatever its name and wherever it stands.
func (a *Ahead) look(w policy.Window, loc *time.Location) outlook {
	w.Name, w.Source = "", ""
	key, err := json.Marshal(w)
	if err != nil {
		return outlookOf(w, loc, a.at)
	}
	name := string(key) + loc.String()
	look, ok := a.known[name]
	if !ok {
		look = outlookOf(w, loc, a.at)
		a.known[name] = look
	}
	return look
}

// outlookOf asks about ten years only if the next weeks hold no occurrence: a calendar file may have many events.
func outlookOf(w policy.Window, loc *time.Location, at time.Time) outlook {
	_, opens := window.Next(w, loc, at, soonAhead)
	if !opens {
		_, opens = window.Next(w, loc, at, longAhead)
	}
	return outlook{opens, window.Jumps(w, loc, at, at.Add(clockAhead))}
}

// clock describes the first of the jumps, with the instant that counts and the one that might have been meant.
func clock(w policy.Window, loc *time.Location, jumps []window.Jump) diag.Diagnostic {
	j := jumps[0]
	how := "which the clock skips: it opens at " + both(j.Opens, loc)
	if j.Twice {
		how = "which the clock shows twice: it opens at the first, " + both(j.Opens, loc) + ", not at the second, " + both(j.Again, loc)
	}
	d := diag.New(diag.ClockJumps, "the window %q starts at %s in %s, %s", w.Name, j.Meant, loc, how)
	d.Severity = diag.Info
	if n := len(jumps) - 1; n > 0 {
		d = d.WithFix("%d more within a year; a start that no clock skips or repeats avoids them", n)
	}
	return d.At(diag.ParsePlace(w.Source)).About("windows", w.Name)
}

// both prints an instant as the clock shows it, and in UTC.
func both(t time.Time, loc *time.Location) string {
	return t.In(loc).Format("15:04 MST") + ", " + window.InUTC(t, loc)
}
