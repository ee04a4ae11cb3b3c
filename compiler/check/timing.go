package check

import (
	"errors"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/window"
)

// timing checks zone, windows and freezes.
func (c *checker) timing() {
	if _, err := window.Zone(c.Tenant.Timezone); errors.Is(err, window.ErrZone) {
		c.add(diag.New(diag.UnknownZone, "%q is not a time zone%s", c.Tenant.Timezone, suggest.Tail(c.Tenant.Timezone, window.Zones())).
			WithFix("write an IANA name such as \"Europe/Berlin\""), "timezone")
	}
	for _, w := range c.Tenant.Windows {
		if err := window.Valid(w); err != nil {
			c.add(diag.New(diag.NeverOpens, "the window %q never opens: %v", w.Name, err).
				WithFix("a window needs days or monthly, a start and a duration above zero, or always: true"), c.culprit(w)...)
		}
	}
	for _, f := range c.Tenant.Freezes {
		if f.Ends <= f.Starts { // the format sorts as time does
			c.add(diag.New(diag.FreezeBackwards, "the freeze %q ends before it starts", f.Name).
				WithRelated(c.Places.At("freezes", f.Name, "starts"), "starts here").
				WithFix("let ends be later than starts"), "freezes", f.Name, "ends")
		}
	}
}

// culprit is the field that keeps a window from opening, as far as one does.
func (c *checker) culprit(w policy.Window) []string {
	path := []string{"windows", w.Name}
	if w.Duration == 0 && c.Places.Has("windows", w.Name, "duration") {
		return append(path, "duration")
	}
	return path
}

// listed joins names for a message.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
