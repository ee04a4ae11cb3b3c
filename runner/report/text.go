package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/ringfence/ringfence/internal/untrusted"
)

// columns are the states that the table shows by name; the rest is listed below it when it occurs.
var columns = []struct {
	title  string
	states []State
}{
	{"IN DOUBT", []State{InDoubt}},
	{"FAILED", []State{Failed}},
	{"DUE", []State{Missing}},
	{"APPROVAL", []State{AwaitingApproval}},
	{"WINDOW", []State{AwaitingWindow, Frozen}},
	{"GATE", []State{AwaitingGate}},
	{"SOAK", []State{Deferred}},
	{"HELD", []State{Held, Quarantined}},
	{"REJECTED", []State{Rejected}},
	{"INSTALLED", []State{Installed, InstalledOther, InstalledPendingReboot, InstalledRejected}},
	{"UNKNOWN", []State{StaleScan, Unreachable}},
}

// Text writes the report for a terminal.
func Text(w io.Writer, r Report) error {
	fmt.Fprintf(w, "%s, %s, scanned %s\n", r.Name(), r.At.Format("2006-01-02 15:04 MST"), r.ScannedAt.Format("2006-01-02 15:04 MST"))
	for _, line := range Alarms(r.Overdue) {
		fmt.Fprintf(w, "  ALARM: %s\n", line)
	}
	fmt.Fprintf(w, "  vulnerability: %s (%s)\n", r.Vulnerability.Level, r.Vulnerability.Why)
	fmt.Fprintf(w, "  hosts scanned: %d of %d; updates applicable: %d, missing: %d; hosts waiting for a reboot: %d\n\n",
		r.Totals.Scanned, r.Totals.Hosts, r.Totals.Applicable, r.Totals.Missing, r.Totals.PendingReboot)
	if err := table(w, r); err != nil {
		return err
	}
	if r.Totals.Unhealthy+r.Totals.HealthUnknown > 0 {
		fmt.Fprintf(w, "\n  hosts that are not healthy: %d; of which nobody knows: %d\n", r.Totals.Unhealthy, r.Totals.HealthUnknown)
	}
	if by := counts(r.Vulnerability.ByClass); by != "" {
		fmt.Fprintf(w, "\n  missing by class: %s\n", by)
	}
	for i, h := range r.Hosts {
		if i == 0 {
			fmt.Fprintf(w, "\n  hosts that need a person:\n")
		}
		fmt.Fprintf(w, "    %-15s %s%s\n", h.State, h.Host, notes(h))
	}
	fmt.Fprintf(w, "\n  not covered:\n")
	for _, n := range r.NotCovered {
		fmt.Fprintf(w, "    - %s\n", n)
	}
	return nil
}

func notes(h Host) string {
	if len(h.Notes) == 0 {
		return ""
	}
	return ": " + untrusted.Line(strings.Join(h.Notes, "; "), 160)
}

func table(w io.Writer, r Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	head := []string{"  RING", "HOSTS"}
	for _, c := range columns {
		head = append(head, c.title)
	}
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for _, ring := range r.Rings {
		row := []string{"  " + ring.Ring, fmt.Sprintf("%d/%d", ring.Scanned, ring.Hosts)}
		for _, c := range columns {
			row = append(row, cell(sum(ring.States, c.states)))
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

func sum(states map[State]int, of []State) int {
	n := 0
	for _, s := range of {
		n += states[s]
	}
	return n
}

func cell(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func counts(m map[string]int) string {
	var out []string
	for _, k := range sortedKeys(m) {
		out = append(out, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(out, ", ")
}

// Markdown writes the report for a forge's comment or job summary.
func Markdown(w io.Writer, r Report) error {
	fmt.Fprintf(w, "### %s: vulnerability %s\n\n%s. Scanned %s; %d of %d hosts.\n\n", untrusted.Markdown(r.Name(), 80),
		r.Vulnerability.Level, untrusted.Markdown(r.Vulnerability.Why, 200), r.ScannedAt.Format("2006-01-02 15:04 MST"), r.Totals.Scanned, r.Totals.Hosts)
	for _, line := range Alarms(r.Overdue) {
		fmt.Fprintf(w, "**ALARM**: %s\n\n", untrusted.Markdown(line, 400))
	}
	head, rule := "| ring | hosts |", "|---|---|"
	for _, c := range columns {
		head += " " + strings.ToLower(c.title) + " |"
		rule += "---|"
	}
	fmt.Fprintf(w, "%s\n%s\n", head, rule)
	for _, ring := range r.Rings {
		fmt.Fprintf(w, "| %s | %d/%d |", untrusted.Markdown(ring.Ring, 80), ring.Scanned, ring.Hosts)
		for _, c := range columns {
			fmt.Fprintf(w, " %s |", cell(sum(ring.States, c.states)))
		}
		fmt.Fprintln(w)
	}
	for i, h := range r.Hosts {
		if i == 0 {
			fmt.Fprintf(w, "\n**Hosts that need a person**\n\n")
		}
		fmt.Fprintf(w, "- %s %s%s\n", h.State, untrusted.Markdown(h.Host, 80), untrusted.Markdown(notes(h), 200))
	}
	fmt.Fprintf(w, "\n**Not covered**\n\n")
	for _, n := range r.NotCovered {
		fmt.Fprintf(w, "- %s\n", untrusted.Markdown(n, 300))
	}
	return nil
}

// Line is the report in one line, for status.
func Line(r Report) string {
	s := r.Totals.States
	unwell := ""
	if r.Totals.Unhealthy > 0 {
		unwell = fmt.Sprintf(", %d unhealthy", r.Totals.Unhealthy)
	}
	return fmt.Sprintf("%d/%d hosts scanned, %d missing (%d due, %d awaiting approval, %d window, %d gate, %d soak), %d in doubt, %d failed, %d pending reboot",
		r.Totals.Scanned, r.Totals.Hosts, r.Totals.Missing, s[Missing], s[AwaitingApproval], s[AwaitingWindow]+s[Frozen], s[AwaitingGate], s[Deferred],
		s[InDoubt], s[Failed], r.Totals.PendingReboot) + unwell
}
