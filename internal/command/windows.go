package command

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/window/ics"
	"github.com/ringfence/ringfence/internal/canonical"
)

func newWindows(a *app) *cobra.Command {
	var tenant, format string
	var from, to instant
	c := &cobra.Command{
		Use:   "windows",
		Short: "List when a tenant's windows are open, with freezes cut out",
		Long: `Lists the stretches in which each window is open, freezes cut out, in words with both ends and in UTC. It reads HEAD
and asks the same code that plan and apply ask. --format ics writes a calendar that other programs subscribe to, and
that a window can be read from again.

  ringfence windows --tenant acme --from 2026-12-01T00:00:00Z --to 2027-01-31T00:00:00Z
  ringfence windows --tenant acme --format ics > acme.ics`,
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
			return a.windows(c.Context(), tenant, begin, end, write)
		},
	}
	c.Flags().StringVar(&tenant, "tenant", "", "the `TENANT` (default: the only one)")
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
		_, err := w.Write(ics.Write(t.occurrences(), t.From))
		return err
	},
}

func (a *app) windows(ctx context.Context, tenant string, from, to time.Time, write func(io.Writer, timetable) error) error {
	ws, err := a.head(ctx)
	if err != nil {
		return err
	}
	t, err := a.tenant(ws, tenant)
	if err != nil {
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
