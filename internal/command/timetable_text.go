package command

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/window"
)

// textTimetable writes a timetable for people. The windows that nothing uses stand there too, and say so.
func textTimetable(w io.Writer, t timetable) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Windows of %s from %s to %s\n", t.Tenant, stampIn(t.From, t.loc), stampIn(t.To, t.loc))
	for _, o := range t.Windows {
		fmt.Fprintf(&b, "\n%s%s: %s\n", o.Window, hostsIn(o.HostZone), cmp.Or(strings.Join(o.Rings, ", "), "no ring uses it"))
		for _, s := range o.Open {
			fmt.Fprintf(&b, "  %s\n", window.Words(window.Occurrence{Opens: s.Opens, Closes: s.Closes}, o.loc))
		}
		if len(o.Open) == 0 {
			b.WriteString("  not open in this time\n")
		}
	}
	for i, f := range t.Freezes {
		if i == 0 {
			b.WriteString("\nfrozen\n")
		}
		fmt.Fprintf(&b, "  %s%s: %s, %s%s\n", f.Freeze, hostsIn(f.HostZone), window.Words(window.Occurrence{Opens: f.Starts, Closes: &f.Ends}, f.loc), f.Reason, passing(f))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func hostsIn(zone string) string {
	if zone == "" {
		return ""
	}
	return ", hosts in " + zone
}

func passing(f frozenWindow) string {
	if f.Allows {
		return " (some updates pass)"
	}
	return ""
}

func stampIn(t time.Time, loc *time.Location) string { return t.In(loc).Format("Mon 2 Jan 2006 15:04") }
