package decision

import (
	"fmt"
	"strings"
)

// healthy are the conditions on the hosts that have the update: all of them are well, by scans that are newer than its
// success there, and enough of them are known to be. Of the pool it is asked like its successes: so many hosts, and a
// share of those that anybody looked at.
func (g gate) healthy() []condition {
	e := g.e
	switch {
	case !g.Healthy:
		return nil
	case e.Healthy < 0 || e.Unhealthy < 0 || e.HealthUnknown < 0:
		return []condition{g.wait(ReasonWaitHealth, "%s: what is known of its hosts' health contradicts itself", g.name())}
	case g.Pooled():
		return g.poolHealthy()
	}
	var out []condition
	if e.Unhealthy > 0 {
		out = append(out, g.wait(ReasonWaitHealth, "%s: %s that have it %s not healthy%s",
			g.name(), fewOf(e.Unhealthy, e.Healthy+e.Unhealthy+e.HealthUnknown), are(e.Unhealthy), named(g.failing)))
	}
	if e.HealthUnknown > 0 {
		out = append(out, g.wait(ReasonWaitHealth, "%s: nobody knows how %s that have it %s; a scan tells%s",
			g.name(), fewOf(e.HealthUnknown, e.Healthy+e.Unhealthy+e.HealthUnknown), are(e.HealthUnknown), named(g.unknown)))
	}
	if need := min(g.needed(), e.Succeeded); len(out) == 0 && e.Healthy < need {
		out = append(out, g.wait(ReasonWaitHealth, "%s: %d of %d needed hosts are known to be healthy since they have it", g.name(), e.Healthy, need))
	}
	return out
}

func (g gate) poolHealthy() (out []condition) {
	e := g.e
	if e.Healthy < g.needed() {
		out = append(out, g.wait(ReasonWaitHealth, "%s: %d of %d needed hosts are known to be healthy since they have it", g.name(), e.Healthy, g.needed()))
	}
	if known := e.Healthy + e.Unhealthy; e.Healthy*100 < g.Succeeded*known {
		out = append(out, g.wait(ReasonWaitHealth, "%s: %d of %d hosts that have it are healthy (%d%%), %d%% are needed",
			g.name(), e.Healthy, known, e.Healthy*100/known, g.Succeeded))
	}
	return out
}

func fewOf(n, all int) string { return fmt.Sprintf("%d of %s", n, hosts(all)) }

func are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// named are the tenant's own hosts behind a count, as far as anybody can name them.
func named(list []string) string {
	if len(list) == 0 {
		return ""
	}
	const few = 3
	if len(list) > few {
		list = append(list[:few:few], fmt.Sprintf("and %d more", len(list)-few))
	}
	return ": " + strings.Join(list, ", ")
}
