package check

import (
	"strconv"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// notice is how long before its end a rule or declaration is spoken of.
const notice = 14 * 24 * time.Hour

// expired lists rules that block and declarations that have come to their end, after which they say nothing any more, or
// are about to.
func expired(t *policy.Tenant, at time.Time) (out diag.List) {
	loc, err := window.Zone(t.Timezone)
	if err != nil {
		return nil
	}
	add := func(list, what, name, end, source string) {
		e, err := window.End(end, loc)
		d := diag.New(diag.Expired, "%s %s ended with %s", what, name, end).WithFix("remove it, or give it a later end")
		switch {
		case end == "" || err != nil || !at.Add(notice).After(e):
			return
		case at.Before(e):
			d = diag.New(diag.EndsSoon, "%s %s ends with %s, in %s", what, name, end, inDays(e.Sub(at))).
				WithFix("give it a later end if it is still meant; else let it end")
		}
		d.Severity = diag.Warning
		out = append(out, d.At(diag.ParsePlace(source)).About(list, name))
	}
	rules := t.Rules
	if t.Otherwise != nil {
		rules = append(rules[:len(rules):len(rules)], *t.Otherwise)
	}
	for _, r := range rules {
		switch {
		case r.Reject != nil:
			add("approval", "the rejection", r.Name, r.Reject.Expires, r.Source)
		case r.Hold != nil:
			add("approval", "the hold", r.Name, r.Hold.Until, r.Source)
		}
	}
	for _, d := range t.Exploited {
		add("exploited", "the declaration of", d.CVE, d.Expires, d.Source)
	}
	return out
}

// inDays prints how long something still lasts.
func inDays(d time.Duration) string {
	switch days := int(d / (24 * time.Hour)); days {
	case 0:
		return "less than a day"
	case 1:
		return "1 day"
	default:
		return strconv.Itoa(days) + " days"
	}
}
