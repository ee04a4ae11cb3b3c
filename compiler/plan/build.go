package plan

import (
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/internal/canonical"
)

// Build makes the plan of one tenant at one instant. It is pure: it reads no clock and no file, and the order of the
// input's lists does not matter. An error means that the input contradicts itself; what policy or evidence do not
// allow is no error but stands in the plan as waiting or rejected.
func Build(in Input) (*Plan, error) {
	d, err := NewDraft(in)
	if err != nil {
		return nil, err
	}
	if d.Plan.Parents, err = parents(d.Input); err != nil {
		return nil, err
	}
	return d.Plan, d.Plan.measure()
}

// decided is a build in which every update has its decision and nothing is placed yet.
func decided(in Input) (*build, error) {
	in, err := normal(in)
	if err != nil {
		return nil, err
	}
	b, err := newBuild(in)
	if err != nil {
		return nil, err
	}
	b.enrol()
	b.gather()
	b.count()
	b.decide()
	return b, nil
}

// build is the state of one Build. Rings, lanes and updates are numbers into these lists.
type build struct {
	Input
	rings     []policy.Ring // in the order of the plan
	lanes     []*policy.Lane
	calendar  *calendar
	rotas     []laneRota           // ring × lane
	known     map[string]*standing // hosts of the policy at this site
	pools     []policy.Pool
	poolsOf   map[string][]int           // by host
	down0     []map[string]bool          // hosts of each pool that are down now
	stuck     map[string]decision.Reason // hosts that their group keeps from starting
	sizes     []int                      // hosts of each ring at this site
	elsewhere []bool                     // rings that have hosts at other sites
	first     []int                      // the first update of the table with the same purl: duplicates count once
	members   []member
	lacking   []int32    // members by ring × update
	unseen    []int      // hosts of each ring that were not scanned
	systems   [][]string // lazily: the platforms of the members by ring × update
	ailing    ailing     // lazily: by ring, whom nobody knows to be well
	verdicts  []*verdict
	canaries  []int   // of ring × lane: how many hosts go first
	parts     []*part // ring × lane
	doubt     map[string]bool
	failures  map[string]map[string]Failure // the newest, by host and update
	retries   []Failure
	reboots   map[string]Rebooted // by host
	caught    map[[2]string]bool  // lazily, by host and lane: it may be caught up
	away      map[string][]Away   // by host
	putOff    []Rebooted          // that are why a reboot is in a later occurrence
	sets      *sets
	mayBoot   int // hosts that may be rebooted
	lists     standings
}

func newBuild(in Input) (*build, error) {
	if _, err := window.Zone(in.Policy.Timezone); err != nil {
		return nil, err
	}
	end := in.At.Add(in.Horizon)
	calendar := newCalendar(in.Policy, in.At, end)
	if _, err := calendar.freezes("UTC"); err != nil { // whatever zones hosts are in, what else is wrong shows in any
		return nil, err
	}
	b := &build{
		Input: in, rings: ordered(in.Policy.Rings), lanes: []*policy.Lane{nil}, sets: newSets(),
		calendar: calendar,
		doubt:    map[string]bool{}, failures: map[string]map[string]Failure{}, reboots: map[string]Rebooted{}, away: map[string][]Away{}, caught: map[[2]string]bool{},
	}
	for i := range in.Policy.Lanes {
		b.lanes = append(b.lanes, &in.Policy.Lanes[i])
	}
	for _, d := range in.InDoubt {
		b.doubt[d.Host] = true
	}
	for _, r := range in.Reboots {
		b.reboots[r.Host] = r
	}
	for _, a := range in.Away {
		b.away[a.Host] = append(b.away[a.Host], a)
	}
	for _, f := range in.Failures { // sorted by time, so the newest stays
		if b.failures[f.Host] == nil {
			b.failures[f.Host] = map[string]Failure{}
		}
		b.failures[f.Host][f.Update] = f
	}
	b.findRotas()
	b.countCanaries()
	for r := range b.rings {
		for l := range b.lanes {
			b.parts = append(b.parts, newPart(r, l))
		}
	}
	return b, nil
}

func (b *build) part(ring, lane int) *part { return b.parts[ring*len(b.lanes)+lane] }

func (b *build) laneName(lane int) string {
	if l := b.lanes[lane]; l != nil {
		return l.Name
	}
	return policy.DefaultLane
}

// document writes down what place has found.
func (b *build) document() *Plan {
	p := &Plan{
		APIVersion: canonical.APIVersion, Kind: "Plan", Tenant: b.Policy.Name, At: b.At, Horizon: b.At.Add(b.Horizon),
		Changes: []Change{}, Rings: []Ring{}, InDoubt: b.inDoubt(), Failed: append([]Failure{}, b.retries...), Rebooted: b.putOff,
		Unreachable: b.lists.unreachable, Stale: b.lists.stale, Quarantined: b.lists.quarantined, Ignored: b.lists.ignored,
	}
	n := numbering{plan: p, ids: map[changeKey]int{}}
	for r := range b.rings {
		for l := range b.lanes {
			part := b.part(r, l)
			if l > 0 && part.empty() {
				continue
			}
			p.Rings = append(p.Rings, b.ring(part, &n))
		}
	}
	p.Summary = b.summary(p)
	p.WorstCase = b.worstCase()
	return p
}

// ring writes one ring and lane.
func (b *build) ring(t *part, n *numbering) Ring {
	out := Ring{Ring: b.rings[t.ring].Name, Lane: b.laneName(t.lane), Waves: []Wave{}, Waiting: []Waiting{}, Rejected: []Rejected{}, Reboots: t.reboots}
	budget := b.rings[t.ring].MaxUnavailable.Of(b.sizes[t.ring])
	for _, k := range t.inOrder() {
		out.Waves = b.waves(out.Waves, k, budget, b.reboot(t.ring, t.lane), n)
	}
	for _, w := range t.waiting {
		out.Waiting = append(out.Waiting, *w)
	}
	for _, r := range t.rejected {
		out.Rejected = append(out.Rejected, *r)
	}
	sortWaiting(out.Waiting)
	sortRejected(out.Rejected)
	return out
}

// inDoubt lists the actions in doubt that concern this policy's hosts and rings.
func (b *build) inDoubt() []InDoubt {
	out := []InDoubt{}
	for _, d := range b.InDoubt {
		if named(b.Policy, d.Host, d.Ring) {
			d.Since = d.Since.UTC().Truncate(time.Second)
			d.Updates = sortedStrings(d.Updates)
			out = append(out, d)
		}
	}
	return out
}
