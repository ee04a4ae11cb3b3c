package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// Alarms says in a line for each lane and version which hosts are overdue. It stands first wherever people look.
func Alarms(list []plan.Overdue) (out []string) {
	for len(list) > 0 {
		n, first := 1, list[0]
		for n < len(list) && list[n].Lane == first.Lane && list[n].Update == first.Update {
			n++
		}
		out = append(out, alarm(list[:n]))
		list = list[n:]
	}
	return out
}

// alarm is the line of hosts that share lane and version.
func alarm(list []plan.Overdue) string {
	var names []string
	var longest *time.Time
	never := 0
	for _, o := range list {
		names = append(names, untrusted.Line(o.Host, 80))
		if o.Since == nil {
			never++
		}
		if o.Since != nil && (longest == nil || o.Since.Before(*longest)) {
			longest = o.Since
		}
	}
	since := fmt.Sprintf("%d of them never", never)
	if never == 0 {
		since = "the longest since " + longest.UTC().Format("2006-01-02 15:04 UTC")
	}
	what := fmt.Sprintf("no scan has reached %s for longer than %s", hosts(len(list), ""), list[0].After)
	if never == len(list) { // of a host that is new, nobody knows for how long
		return fmt.Sprintf("lane %s: no scan has ever reached %s, and one should every %s: %s", list[0].Lane, hosts(never, ""), list[0].After, firstOf(names, 5))
	}
	if list[0].Update != "" {
		what = fmt.Sprintf("%s lacked %s or what came before it for longer than %s", hosts(len(list), " has", " have"), short(list[0].Update), list[0].After)
	}
	return fmt.Sprintf("lane %s: %s, %s: %s", list[0].Lane, what, since, firstOf(names, 5))
}

func hosts(n int, verbs ...string) string {
	if n == 1 {
		return "1 host" + verbs[0]
	}
	return fmt.Sprintf("%d hosts%s", n, verbs[len(verbs)-1])
}

func firstOf(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
}

// short is the package and version of a purl.
func short(purl string) string {
	p, err := packageurl.FromString(purl)
	if err != nil {
		return untrusted.Line(purl, 100)
	}
	return untrusted.Line(p.Name+" "+p.Version, 100)
}
