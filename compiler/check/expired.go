package check

import (
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// expired lists rules that block and declarations that have come to their end: they say nothing any more.
func expired(t *policy.Tenant, at time.Time) (out diag.List) {
	loc, err := window.Zone(t.Timezone)
	if err != nil {
		return nil
	}
	add := func(what, name, end, source string) {
		if e, err := window.End(end, loc); end == "" || err != nil || at.Before(e) {
			return
		}
		d := diag.New(diag.Expired, "%s %s ended with %s", what, name, end).WithFix("remove it, or give it a later end")
		d.Severity = diag.Warning
		out = append(out, d.At(parsePlace(source)))
	}
	rules := t.Rules
	if t.Otherwise != nil {
		rules = append(rules[:len(rules):len(rules)], *t.Otherwise)
	}
	for _, r := range rules {
		switch {
		case r.Reject != nil:
			add("the rejection", r.Name, r.Reject.Expires, r.Source)
		case r.Hold != nil:
			add("the hold", r.Name, r.Hold.Until, r.Source)
		}
	}
	for _, d := range t.Exploited {
		add("the declaration of", d.CVE, d.Expires, d.Source)
	}
	return out
}
