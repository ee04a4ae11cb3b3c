//go:build linux

package killloop

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
)

// TestThreeSites lets three runners work at once, each on the hosts of its own site of one tenant, all on one ledger.
// One of them is killed and loses its disk.
func TestThreeSites(t *testing.T) {
	t.Parallel()
	sites := []string{"north", "south", "west"}
	a := newArena(t, shape{sites: sites, hosts: 3, takes: 100 * time.Millisecond}, 1)
	var runners []*service
	for _, site := range sites {
		a.clone(site)
		runners = append(runners, a.serve(site, "run", "--tenant", arenaTenant, "--site", site))
	}
	<-runners[1].starts
	runners[1].kill()
	a.clone("south-2")
	runners[1] = a.serve("south-2", "run", "--tenant", arenaTenant, "--site", "south")
	for range 100 {
		if a.upToDate() {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	for _, s := range runners {
		s.end()
	}
	a.settle("north", "west") // what the kill left failed is tried again a day later
	a.clone("auditor")
	a.audit("auditor")
	a.secondOpinion("auditor")
	a.shards("auditor")
}

// shards: the ledger has a snapshot of every site, of its own hosts and no others, and one evidence of them all.
func (a *arena) shards(machine string) {
	a.Helper()
	l, head := a.ledger(machine)
	for _, site := range a.sites {
		s, err := l.Snapshot(a.Context(), head, site)
		a.check(err)
		var want, got []string
		for _, h := range a.names() {
			if strings.HasPrefix(h, site+"-") {
				want = append(want, h)
			}
		}
		for _, h := range s.Hosts {
			if got = append(got, h.Name); h.State != inventory.Scanned || len(h.Missing) > 0 {
				a.Errorf("%s is %s and lacks %d updates in the snapshot of %s", h.Name, h.State, len(h.Missing), site)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			a.Errorf("the snapshot of %s has %v, not %v", site, got, want)
		}
	}
	for _, e := range head.State.Evidence {
		update, err := url.PathUnescape(e.Update)
		a.check(err)
		if strings.Contains(update, "/openssl@"+a.newest()) && e.Succeeded == len(a.names()) && e.Failed+e.InDoubt+e.Missing == 0 {
			return
		}
	}
	a.Errorf("openssl %s is on all %d hosts of three sites, but the evidence is %+v", a.newest(), len(a.names()), head.State.Evidence)
}
