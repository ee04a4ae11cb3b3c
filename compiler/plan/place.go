package plan

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// part gathers what one ring does in one lane.
type part struct {
	ring, lane int
	buckets    map[occasion]*bucket
	waiting    []*Waiting
	rejected   []*Rejected
	reboots    []RebootWaiting
}

// occasion tells occurrences apart.
type occasion struct {
	window        string
	opens, closes int64
	catchUp       bool
}

// bucket gathers the hosts of a ring and lane that are changed in one occurrence, in name order.
type bucket struct {
	part       *part
	occurrence window.Occurrence
	catchUp    bool // of hosts that were away
	hosts      []hostSet
}

// hostSet is a host and its exact set of updates there.
type hostSet struct {
	host string
	set  int
}

func newPart(ring, lane int) *part {
	return &part{ring: ring, lane: lane, buckets: map[occasion]*bucket{}}
}

func (t *part) empty() bool { return len(t.buckets)+len(t.waiting)+len(t.rejected)+len(t.reboots) == 0 }

func (t *part) bucket(o window.Occurrence, catchUp bool) *bucket {
	key := occasion{window: o.Window, opens: o.Opens.Unix(), catchUp: catchUp}
	if o.Closes != nil {
		key.closes = o.Closes.Unix()
	}
	if t.buckets[key] == nil {
		t.buckets[key] = &bucket{part: t, occurrence: o, catchUp: catchUp}
	}
	return t.buckets[key]
}

// inOrder lists the buckets that got hosts, by time.
func (t *part) inOrder() []*bucket {
	var out []*bucket
	for _, k := range t.buckets {
		if len(k.hosts) > 0 {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b *bucket) int {
		return cmp.Or(a.occurrence.Opens.Compare(b.occurrence.Opens), compareCloses(a.occurrence.Closes, b.occurrence.Closes),
			strings.Compare(a.occurrence.Window, b.occurrence.Window), order(a.catchUp)-order(b.catchUp))
	})
	return out
}

// compareCloses puts what never closes last.
func compareCloses(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}

func (t *part) wait(update string, cause WaitFor, until *time.Time, reasons []decision.Reason) *Waiting {
	w := &Waiting{Update: update, Hosts: []string{}, For: cause, Until: until, Reasons: reasons}
	t.waiting = append(t.waiting, w)
	return w
}

func (t *part) reject(update string, reasons []decision.Reason) *Rejected {
	r := &Rejected{Update: update, Hosts: []string{}, Reasons: reasons}
	t.rejected = append(t.rejected, r)
	return r
}

// place walks over the hosts in name order and puts each missing update where it belongs.
func (b *build) place() {
	b.elect()
	var picks []pick
	for _, m := range b.members {
		picks = picks[:0]
		past := past{b.doubt[m.host.Name], b.failures[m.host.Name]}
		for _, x := range m.missing {
			v := b.judged(m.ring, x.Update)
			if k := b.put(v.of(m.host.Name), m, past, x); k != nil {
				picks = append(picks, pick{k, lack{x, v.chosen[m.host.Name]}})
			}
		}
		if !b.fill(m, picks) {
			b.rebootOnly(m)
		}
	}
	for _, t := range b.parts { // an update all of whose hosts have a cause of their own leaves an entry without any
		t.waiting = slices.DeleteFunc(t.waiting, func(w *Waiting) bool { return len(w.Hosts) == 0 })
	}
}

// past is what the ledger knows of a host.
type past struct {
	doubt    bool
	failures map[string]Failure // by update
}

// pick is one planned update of a host.
type pick struct {
	bucket *bucket
	lack   lack
}

// lack is an update that a host lacks, and whether it is to get it as a canary.
type lack struct {
	inventory.Missing
	canary bool
}

// put adds the host to the entry where the update belongs, or returns the bucket that it is planned for. A host's own
// causes have no known end, so they come before the decision's waits; a rejection comes before all.
func (b *build) put(v *verdict, m member, past past, x inventory.Missing) *bucket {
	host := m.host.Name
	switch {
	case v.rejected != nil:
		v.rejected.Hosts = append(v.rejected.Hosts, host)
		return nil
	case past.doubt:
		v.wait(&v.doubted, decision.ReasonHostInDoubt,
			"an action was started on the host and nobody knows how it ended; nothing more starts there until that is settled", host)
		return nil
	case x.Held:
		v.wait(&v.held, decision.ReasonHostHold, "the host's own package manager holds the package back", host)
		return nil
	}
	r := b.rota(v.part.ring, v.part.lane, m.zone)
	t := b.where(v, r)
	if why, ok := b.stuck[host]; ok && t.bucket != nil {
		v.stay(why, host)
		return nil
	}
	t = b.absent(v, m, r, t)
	if f, ok := past.failures[v.decision.Update]; ok && t.bucket != nil {
		t = b.again(v, r, t, f)
	}
	if t.bucket == nil {
		t.waiting.Hosts = append(t.waiting.Hosts, host)
	}
	return t.bucket
}

// wait adds the host to a hold entry of its own kind.
func (v *verdict) wait(entry **Waiting, code, msg, host string) {
	if *entry == nil {
		reasons := append([]decision.Reason{{Code: code, Msg: msg}}, v.decision.Reasons...)
		*entry = v.part.wait(v.decision.Update, ForHold, nil, reasons)
	}
	(*entry).Hosts = append((*entry).Hosts, host)
}

// again moves a planned update that failed on this host in the occurrence under way to a later one.
func (b *build) again(v *verdict, r rota, t target, f Failure) target {
	from := b.calendar.retry(r, f.At)
	if !from.After(later(b.At, v.ready)) {
		return t
	}
	next := b.retry(v, r, from)
	if next != t {
		f.At = f.At.UTC().Truncate(time.Second)
		b.retries = append(b.retries, f)
	}
	return next
}

// retry is the target of a verdict that may be tried again from an instant on, found once for all hosts.
func (b *build) retry(v *verdict, r rota, from time.Time) target {
	key := again{r, from.Unix()}
	if t, ok := v.retried[key]; ok {
		return t
	}
	t := b.target(v, r, from)
	if t.waiting != nil {
		t.waiting.Reasons = append(t.waiting.Reasons, decision.Reason{
			Code: decision.ReasonRetryLater, Msg: "it failed here already; it may be tried again from " + stamp(from), Until: &from,
		})
	}
	if v.retried == nil {
		v.retried = map[again]target{}
	}
	v.retried[key] = t
	return t
}

// fill hands a host's planned updates over to their buckets, each with its exact set. What opens at the same instant
// goes as one change, so that a host is not disturbed twice: if freezes close it at different instants, because some
// updates may pass them, the first of these counts for all. It reports whether one of them reboots the host if it asks
// for it.
func (b *build) fill(m member, picks []pick) (reboots bool) {
	mayReboot := false
	for len(picks) > 0 {
		first, k := picks[0].bucket, picks[0].bucket
		var set []lack
		rest := picks[:0]
		for _, p := range picks {
			if !p.bucket.with(first) {
				rest = append(rest, p)
				continue
			}
			set = append(set, p.lack)
			if compareCloses(p.bucket.occurrence.Closes, k.occurrence.Closes) < 0 {
				k = p.bucket
			}
		}
		k.hosts = append(k.hosts, hostSet{m.host.Name, b.sets.id(set)})
		mayReboot = mayReboot || b.mayReboot(m, set)
		reboots = reboots || b.reboot(first.part.ring, first.part.lane) == policy.RebootIfRequired
		picks = rest
	}
	if mayReboot {
		b.mayBoot++
	}
	return reboots
}

// with reports whether two buckets are of the same ring and lane and open together.
func (k *bucket) with(other *bucket) bool {
	return k.part == other.part && k.catchUp == other.catchUp && k.occurrence.Opens.Equal(other.occurrence.Opens)
}

// mayReboot reports whether the ring or lane lets the host reboot after these updates and one of them, or the host
// already, may ask for it. An update that does not say may.
func (b *build) mayReboot(m member, set []lack) bool {
	lane := b.judged(m.ring, set[0].Update).part.lane
	if b.reboot(m.ring, lane) != policy.RebootIfRequired {
		return false
	}
	return m.host.RebootPending || slices.ContainsFunc(set, func(x lack) bool {
		return b.Snapshot.Updates[x.Update].Reboot != "no"
	})
}

func sortWaiting(list []Waiting) {
	slices.SortFunc(list, func(a, b Waiting) int {
		return cmp.Or(strings.Compare(a.Update, b.Update), cmp.Compare(a.For, b.For), slices.Compare(a.Hosts, b.Hosts))
	})
}

func sortRejected(list []Rejected) {
	slices.SortFunc(list, func(a, b Rejected) int { return strings.Compare(a.Update, b.Update) })
}

func sortedStrings(list []string) []string {
	out := append([]string{}, list...)
	slices.Sort(out)
	return out
}
