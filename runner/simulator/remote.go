package simulator

import (
	"errors"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/runner/ledger"
)

// commit is one record with the state that it leads to, as on the ledger's branch. Commits never change, so that
// remote and disks share them; two are the same if they are the same pointer.
type commit struct {
	parent    *commit
	record    ledger.Record
	state     ledger.State
	snapshots map[string]*inventory.Snapshot // the newest of each site
}

func (c *commit) seq() int {
	if c == nil {
		return 0
	}
	return c.state.Seq
}

// descends reports whether c is old or follows it.
func (c *commit) descends(old *commit) bool {
	for c.seq() > old.seq() {
		c = c.parent
	}
	return c == old
}

// since lists the commits after old, which c descends from, oldest first.
func (c *commit) since(old *commit) []*commit {
	var out []*commit
	for ; c != old; c = c.parent {
		out = append(out, c)
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// lease is what the lease ref of a site holds. Equal values are the same commit.
type lease struct {
	holder   string
	run      string
	fence    int
	expires  second
	released bool
	version  int
}

// remote is the Git remote where all runners meet: the ledger's branch, the leases, the halt orders and the policy.
type remote struct {
	head     *commit
	newest   *commit // that was ever on it; another one than head while it is rolled back
	leases   map[string]lease
	halted   bool
	haltedAt second
	muteTill second // the control branch alone cannot be read until then
	darkFrom second // since when it cannot be read, if it cannot
	policy   int    // version of the policy branch

	downUntil    second
	refusesUntil second // pushes only
	frozen       *commit
	frozenUntil  second
	writes       int
}

var (
	errDown    = errors.New("the remote cannot be reached")
	errRefused = errors.New("the remote refuses the push")
	errMoved   = errors.New("somebody else was quicker")
	errRewound = errors.New("the remote lost records that were on it")
	errHeld    = errors.New("somebody else holds the lease")
	errFenced  = errors.New("the site has a newer fence")
	errOldRule = errors.New("a newer policy is recorded already")
	errStale   = errors.New("others wrote since, and the wave is not due any more")
)

func (w *world) remoteUp() bool { return w.now >= w.remote.downUntil }

// dark: the control branch cannot be read.
func (w *world) dark() bool { return !w.remoteUp() || w.now < w.remote.muteTill }

// darken notes that the control branch cannot be read from now on.
func (w *world) darken() {
	if !w.dark() {
		w.remote.darkFrom = w.now
	}
}

// served is the ledger's head as readers get it.
func (w *world) served() *commit {
	if w.now < w.remote.frozenUntil {
		return w.remote.frozen
	}
	return w.remote.head
}

// push is what happens on the remote when a push arrives there.
func (w *world) push(p *process, next, expected *commit) error {
	r := &w.remote
	switch {
	case !w.remoteUp():
		return errDown
	case w.now < r.refusesUntil:
		return errRefused
	case r.head != expected && !w.bug("push-without-swap"):
		w.count("races lost")
		return errMoved
	}
	old := r.head
	r.head = next
	if next.descends(r.newest) {
		r.newest = next
	}
	w.say("remote: %s pushed %s", p.name, told(next, old))
	w.happened(fact{kind: pushed, commit: next, old: old, by: p})
	return nil
}

// swapLease is compare-and-swap on a lease ref.
func (w *world) swapLease(site string, old, next lease) error {
	switch {
	case !w.remoteUp():
		return errDown
	case w.now < w.remote.refusesUntil:
		return errRefused
	case w.remote.leases[site] != old:
		w.count("lease races lost")
		return errMoved
	}
	w.happened(fact{kind: leased, before: old, lease: next, site: site})
	w.remote.writes++
	next.version = w.remote.writes
	w.remote.leases[site] = next
	return nil
}
