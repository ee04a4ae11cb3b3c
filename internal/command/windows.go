package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/compiler/window/ics"
	"github.com/ringfence/ringfence/internal/canonical"
)

func newWindows(a *app) *cobra.Command {
	var tenant, format string
	var only []string
	var from, to instant
	c := &cobra.Command{
		Use:   "windows",
		Short: "List when a tenant's windows are open, with freezes cut out",
		Long: `Lists the stretches in which each window is open, freezes cut out, in words with both ends and in UTC. It reads HEAD
and asks the same code that plan and apply ask. --format ics writes a calendar that other programs subscribe to, and
that a window can be read from again. One calendar holds every window of the tenant, those that no ring uses too, so a
window that is read from it is open while any of them is: --window names those to write. It has full minutes; what never
closes ends with the calendar.

  ringfence windows --tenant acme --from 2026-12-01T00:00:00Z --to 2027-01-31T00:00:00Z
  ringfence windows --tenant acme --window weekend --format ics > weekend.ics`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			write, ok := calendarFormats[format]
			if !ok {
				return usage(c, fmt.Errorf("--format is text, json or ics, not %q", format))
			}
			begin := a.reading(from)
			end := begin.Add(plan.DefaultHorizon)
			if to.at != nil {
				end = *to.at
			}
			if !begin.Before(end) || end.Sub(begin) > maxListed {
				return usage(c, fmt.Errorf("--to must be later than --from, and at most five years"))
			}
			return a.windows(c.Context(), tenant, only, begin, end, write)
		},
	}
	c.Flags().StringVar(&tenant, "tenant", "", "the `TENANT` (default: the only one)")
	c.Flags().StringSliceVar(&only, "window", nil, "list window `NAME` alone; several by repeating the flag (default: all)")
	c.Flags().Var(&from, "from", "list what is open from `TIME` on (default: now)")
	c.Flags().Var(&to, "to", "list what opens before `TIME` (default: 35 days later, as far as a plan looks)")
	c.Flags().StringVar(&format, "format", "text", "`FORMAT` text, json or ics")
	return c
}

// maxListed bounds what is listed at once.
const maxListed = 5 * 366 * 24 * time.Hour

// calendarFormats write a tenant's windows.
var calendarFormats = map[string]func(io.Writer, timetable) error{
	"text": textTimetable,
	"json": func(w io.Writer, t timetable) error {
		raw, err := canonical.Marshal(t)
		if err == nil {
			_, err = fmt.Fprintf(w, "%s\n", raw)
		}
		return err
	},
	"ics": func(w io.Writer, t timetable) error {
		_, err := w.Write(ics.Write(t.stretches(), t.From, t.To))
		return err
	},
}

// keepWindows is a tenant that has some of its windows alone, or all if none is named.
func keepWindows(t *policy.Tenant, names []string) (*policy.Tenant, error) {
	if len(names) == 0 {
		return t, nil
	}
	var have []string
	for _, w := range t.Windows {
		have = append(have, w.Name)
	}
	for _, name := range names {
		if !slices.Contains(have, name) {
			return nil, diag.New(diag.Usage, "%s has no window %q%s", t.Name, name, suggest.Tail(name, have)).WithFix("--window is one of: %s", strings.Join(have, ", "))
		}
	}
	some := *t
	some.Windows = slices.DeleteFunc(slices.Clone(t.Windows), func(w policy.Window) bool { return !slices.Contains(names, w.Name) })
	return &some, nil
}

func (a *app) windows(ctx context.Context, tenant string, only []string, from, to time.Time, write func(io.Writer, timetable) error) error {
	ws, err := a.head(ctx)
	if err != nil {
		return err
	}
	t, err := a.tenant(ws, tenant)
	if err != nil {
		return err
	}
	if t, err = keepWindows(t, only); err != nil {
		return err
	}
	list, err := newTimetable(t, from, to)
	if err != nil {
		return err
	}
	if a.json {
		a.out.emit("progress", t.Name+": windows", event{"windows": list})
		return nil
	}
	return write(a.Stdout, list)
}
