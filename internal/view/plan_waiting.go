package view

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// waitGroup is several updates that wait for the same, each on hosts of its own.
type waitGroup struct {
	plan.Waiting
	each []plan.Waiting
}

func mergeWaiting(list []plan.Waiting) []waitGroup {
	var out []waitGroup
	for _, w := range list {
		w.Reasons = slices.DeleteFunc(slices.Clone(w.Reasons), func(r decision.Reason) bool { return r.Code == decision.ReasonGranted })
		i := slices.IndexFunc(out, func(g waitGroup) bool {
			return g.For == w.For && canonical.SameInstant(g.Until, w.Until) && slices.EqualFunc(g.Reasons, w.Reasons, sameReason)
		})
		if i < 0 {
			out = append(out, waitGroup{Waiting: w})
			i = len(out) - 1
		}
		out[i].each = append(out[i].each, w)
	}
	return out
}

func sameReason(a, b decision.Reason) bool {
	return a.Code == b.Code && a.Msg == b.Msg && a.Source == b.Source && canonical.SameInstant(a.Until, b.Until)
}

// open says what ends a wait that has no known end.
var open = map[plan.WaitFor]string{
	plan.ForApproval: "until it is approved", plan.ForGate: "until the evidence is there", plan.ForHold: "until the hold is lifted",
	plan.ForAnchor: "until its date is known", plan.ForWindow: "no window opens within the horizon",
}

func (v planView) waiting(g waitGroup) {
	fmt.Fprintf(v.w, "  … waits for %s, %s:\n", g.For, v.until(g.For, g.Until))
	for _, w := range g.each {
		fmt.Fprintf(v.w, "      %s on %s\n", phrase.Update(w.Update), phrase.Hosts(w.Hosts))
	}
	v.because(g.Reasons)
}

// reboots names hosts that ask for a reboot and get none.
func (v planView) reboots(x plan.RebootWaiting) {
	fmt.Fprintf(v.w, "  … reboot of %s waits for %s, %s\n", phrase.Hosts(x.Hosts), x.For, v.until(x.For, x.Until))
	v.because(x.Reasons)
}

// until says when a wait is over, as far as anybody knows.
func (v planView) until(f plan.WaitFor, at *time.Time) string {
	if at == nil {
		return cmp.Or(open[f], "nobody can say until when")
	}
	return "until " + v.Instant(*at)
}

func (v planView) because(reasons []decision.Reason) {
	for _, why := range reasons {
		fmt.Fprintf(v.w, "    because: %s%s\n", untrusted.Line(why.Msg, 200), phrase.Source(why.Source))
	}
}
