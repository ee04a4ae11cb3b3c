package check

import (
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

const (
	longAhead  = 10 * 366 * 24 * time.Hour
	clockAhead = 366 * 24 * time.Hour
)

// Ahead says what an instant has to do with a policy that is right by itself: windows whose last occurrence is over,
// and starts within a year that a clock shows twice or never.
func Ahead(t *policy.Tenant, at time.Time) diag.List {
	var out diag.List
	for _, w := range t.Windows {
		loc, err := window.Location(t, w, "UTC") // in what zone hosts are makes no difference of years
		if err != nil {
			continue
		}
		if _, ok := window.Next(w, loc, at, longAhead); !ok {
			d := diag.New(diag.NothingAhead, "the window %q does not open after %s", w.Name, at.UTC().Format(time.DateOnly)).
				WithFix("give it later dates, or let its rings have another window")
			d.Severity = diag.Warning
			out = append(out, d.At(parsePlace(w.Source)))
		}
		if jumps := window.Jumps(w, loc, at, at.Add(clockAhead)); len(jumps) > 0 && w.Timezone != policy.HostZone {
			out = append(out, clock(w, loc, jumps))
		}
	}
	return out
}

// clock describes the first of the jumps.
func clock(w policy.Window, loc *time.Location, jumps []window.Jump) diag.Diagnostic {
	j := jumps[0]
	what := "which the clock skips: it opens at"
	if j.Twice {
		what = "which the clock shows twice: it opens at the first,"
	}
	d := diag.New(diag.ClockJumps, "the window %q starts at %s in %s, %s %s, %s", w.Name, j.Meant, loc, what,
		j.Opens.In(loc).Format("15:04 MST"), j.Opens.UTC().Format("15:04 UTC"))
	d.Severity = diag.Info
	if n := len(jumps) - 1; n > 0 {
		d = d.WithFix("%d more within a year; a start that no clock skips or repeats avoids them", n)
	}
	return d.At(parsePlace(w.Source))
}
