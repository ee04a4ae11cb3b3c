package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// change writes what one change does: the planned versions, or what the hosts' resolvers said where they were asked.
func (v planView) change(id int, waves []plan.Wave) {
	c := v.p.Changes[id]
	if len(c.Updates) == 0 {
		fmt.Fprintf(v.w, "      reboot only: the hosts ask for it\n")
		return
	}
	if slices.ContainsFunc(c.Updates, func(u plan.ChangeUpdate) bool { return u.Canary }) {
		fmt.Fprintf(v.w, "      goes here first; the other hosts of the ring wait for how it ends\n")
	}
	if v.preview == nil {
		for _, u := range c.Updates {
			name, to := phrase.NameVersion(u.Update)
			fmt.Fprintf(v.w, "      ~ %s %s → %s\n", name, untrusted.Line(u.From, 80), to)
		}
		if c.Reboot != "never" {
			fmt.Fprintf(v.w, "      reboot %s\n", c.Reboot)
		}
		return
	}
	for _, g := range v.outcomes(id, waves) {
		v.outcome(g, c)
	}
}

// outcomeGroup is one resolver outcome and the hosts that share it.
type outcomeGroup struct {
	hosts []string
	plan.PreviewHost
}

func (v planView) outcomes(id int, waves []plan.Wave) []outcomeGroup {
	var out []outcomeGroup
	for _, h := range v.preview.Hosts {
		if h.Change != id || !slices.ContainsFunc(waves, func(w plan.Wave) bool { return slices.Contains(w.Hosts, h.Host) }) {
			continue
		}
		i := slices.IndexFunc(out, func(g outcomeGroup) bool { return sameOutcome(g.PreviewHost, h) })
		if i < 0 {
			out = append(out, outcomeGroup{PreviewHost: h})
			i = len(out) - 1
		}
		out[i].hosts = append(out[i].hosts, h.Host)
	}
	return out
}

func sameOutcome(a, b plan.PreviewHost) bool {
	return slices.Equal(a.Actions, b.Actions) && slices.Equal(a.Held, b.Held) && slices.Equal(a.Restarts, b.Restarts) &&
		a.Reboot == b.Reboot && a.Error == b.Error && a.DownloadBytes == b.DownloadBytes
}

var signs = map[string]string{"upgrade": "~", "install": "+", "remove": "-", "downgrade": "↓"}

func (v planView) outcome(g outcomeGroup, c plan.Change) {
	fmt.Fprintf(v.w, "      on %s\n", phrase.Hosts(g.hosts))
	if g.Error != "" {
		fmt.Fprintf(v.w, "        ! no preview: %s\n", untrusted.Line(g.Error, 200))
		return
	}
	for _, a := range g.Actions {
		versions := untrusted.Line(strings.TrimSpace(a.From+" → "+a.To), 160)
		switch a.Op {
		case "install":
			versions = untrusted.Line(a.To, 80)
		case "remove":
			versions = untrusted.Line(a.From, 80)
		}
		fmt.Fprintf(v.w, "        %s %s %s\n", cmp.Or(signs[a.Op], "?"), untrusted.Line(a.Name, 100), versions)
	}
	if len(g.Held) > 0 {
		fmt.Fprintf(v.w, "        held: %s\n", untrusted.Line(strings.Join(g.Held, " "), 200))
	}
	if len(g.Restarts) > 0 {
		fmt.Fprintf(v.w, "        restarts: %s\n", untrusted.Line(strings.Join(g.Restarts, " "), 200))
	}
	if g.DownloadBytes > 0 {
		fmt.Fprintf(v.w, "        downloads %s\n", size(g.DownloadBytes))
	}
	if g.Reboot.Required {
		fmt.Fprintf(v.w, "        reboot needed (%s); policy: %s\n", untrusted.Line(g.Reboot.Why, 100), c.Reboot)
	}
}

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
