package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/ledger"
)

func commitOf(version int) string { return "policy-" + strconv.Itoa(version) }

func versionOf(commit string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(commit, "policy-"))
	return n
}

// recorded is the newest policy that stands in a chain.
func recorded(tip *commit) int {
	newest := 0
	for ; tip != nil; tip = tip.parent {
		newest = max(newest, versionOf(tip.record.PolicyCommit))
	}
	return newest
}

func (w *world) host(name string) *host {
	for _, h := range w.hosts {
		if h.name == name {
			return h
		}
	}
	panic("no host " + name)
}

// read is a full scan of one host.
func (r *run) read(h *host) runner.Reading {
	if !r.w.reachable(h) {
		return runner.Reading{Host: h.name, Err: fmt.Errorf("%w: it does not answer", runner.ErrUnreachable)}
	}
	if r.w.chance(r.w.mood.plugins) {
		r.w.count("plugins that read garbage")
		return runner.Reading{Host: h.name, Err: errGarbage}
	}
	var scan *providers.HostScan
	r.io("host read", func() {
		r.w.happened(fact{kind: reread, host: h})
		scan = r.w.scanOf(h)
	}, nil)
	return runner.Reading{Host: h.name, Scan: scan}
}

func (w *world) scanOf(h *host) *providers.HostScan {
	s := &providers.HostScan{OS: "debian 12", BootID: "b"}
	for _, u := range w.tenant.updates {
		name, version := parsed(u.purl)
		s.Installed = append(s.Installed, providers.Package{Name: name, Arch: "amd64", Version: h.has[name]})
		if _, there := h.since[u.purl]; !there && w.now >= u.from {
			s.Missing = append(s.Missing, providers.Missing{From: h.has[name], Update: providers.Update{
				PURL: u.purl, Name: name, Version: version, Arch: "amd64", Class: "security", Severity: "high",
			}})
		}
	}
	return s
}

var errGarbage = errors.New("the plugin answered garbage")

// here are the tenant's hosts at this site.
func (r *run) here() []policy.Host {
	var out []policy.Host
	for _, h := range r.policy.Hosts {
		if h.Site() == r.site {
			out = append(out, h)
		}
	}
	return out
}

// scan reads every host and records what it saw.
func (r *run) scan() error {
	var readings []runner.Reading
	for _, h := range r.here() {
		readings = append(readings, r.read(r.w.host(h.Name)))
	}
	r.hop()
	s := r.assemble(readings)
	rec := r.draft(ledger.PhaseScan, nil)
	rec.Scan = r.summary(s)
	return r.append(entry{record: rec, snapshot: s, check: r.fenced})
}

func (r *run) assemble(readings []runner.Reading) *inventory.Snapshot {
	a := runner.Assembly{Tenant: r.policy.Name, Site: r.site, At: r.w.now.time(), Hosts: r.here(), Readings: readings}
	if tip := r.disk.head; tip != nil {
		a.Prev, a.FirstSeen = tip.snapshots[r.site], tip.state.FirstSeen
	}
	return runner.Assemble(a)
}

func (r *run) summary(s *inventory.Snapshot) *ledger.Scan {
	out := &ledger.Scan{Hosts: len(s.Hosts), Missing: []ledger.RingMissing{}, Seen: []string{}}
	count := map[ledger.RingMissing]int{}
	for _, h := range s.Hosts {
		for _, m := range h.Missing {
			if h.State == inventory.Scanned {
				count[ledger.RingMissing{Ring: r.w.host(h.Name).ring, Update: s.Updates[m.Update].PURL}]++
			}
		}
	}
	for k, n := range count {
		k.Hosts = n
		out.Missing = append(out.Missing, k)
	}
	slices.SortFunc(out.Missing, func(a, b ledger.RingMissing) int {
		return cmp.Or(cmp.Compare(a.Ring, b.Ring), cmp.Compare(a.Update, b.Update))
	})
	for _, u := range s.Updates {
		out.Seen = append(out.Seen, u.PURL)
	}
	return out
}

// planned is a plan and what it was made of, for the truth.
type planned struct {
	base    *commit
	version int
	at      second
	run     string
	site    string
	answers []decision.Answer
	denied  map[string]bool // updates that the rules failed on
}

// makePlan builds the plan of this moment.
func (r *run) makePlan() error {
	if !lacking(r.disk.head.snapshots[r.site]) {
		return errNothing
	}
	r.base = r.disk.head
	m := made{planned: r.planned(r.base)}
	sample := r.base.seq()%looked == 0
	if sample {
		m.before = inputs(r.policy, r.base)
	}
	var err error
	if m.Plan, err = r.build(r.base, m.planned); err != nil {
		return err
	}
	if sample {
		m.after = inputs(r.policy, r.base)
	}
	r.plan = m.Plan
	r.w.plans[m.Digest] = &m.planned
	r.w.happened(fact{kind: planning, plan: &m})
	r.w.count("plans")
	r.sooner(m.Plan)
	return nil
}

// planned is what a plan of this moment is made of.
func (r *run) planned(tip *commit) planned {
	p := planned{base: tip, version: r.version, at: r.w.now, run: r.id, site: r.site}
	p.answers, p.denied = r.w.answers(tip.snapshots[r.site].Updates)
	return p
}

// errNothing ends runs that would make an empty plan, which takes most of a simulation's time.
var errNothing = errors.New("no host lacks anything")

func lacking(s *inventory.Snapshot) bool {
	return slices.ContainsFunc(s.Hosts, func(h inventory.Host) bool { return len(h.Missing) > 0 })
}

// build is the plan of a state. The order of hosts is the policy's.
func (r *run) build(tip *commit, p planned) (*plan.Plan, error) {
	t := r.policy
	switch {
	case r.w.bug("soak-ignored"):
		t = unsoaked(t)
	case r.w.bug("freeze-not-planned"):
		n := *t
		n.Freezes, t = nil, &n
	}
	in := r.w.input(t, tip, p)
	r.taint(&in)
	r.w.spoil(&in)
	return plan.Build(in)
}

// taint lets a plan depend on who makes it, or change what it is made of, for bugs of that kind.
func (r *run) taint(in *plan.Input) {
	switch {
	case r.w.bug("doubt-hidden-from-plan"):
		in.InDoubt = nil
	case r.w.bug("plan-knows-its-runner"):
		in.Tool += " " + r.name
	case r.w.bug("plan-by-own-clock"):
		in.At = in.At.Add(time.Duration(r.runs) * time.Second)
	case r.w.bug("plan-trusts-itself"):
		in.InDoubt = r.doubtOf(in.InDoubt, false)
	case r.w.bug("plan-turns-snapshot"):
		slices.Reverse(in.Snapshot.Hosts)
	case r.w.bug("plan-counts-failures"):
		for i := range in.Failures {
			in.Failures[i].Times++
		}
	case r.w.bug("plan-empties-snapshot"):
		in.Snapshot.Hosts[0].Missing = nil
	}
}

func unsoaked(t *policy.Tenant) *policy.Tenant {
	n := *t
	n.Rings = slices.Clone(t.Rings)
	for i := range n.Rings {
		n.Rings[i].Requires = slices.Clone(n.Rings[i].Requires)
		for j := range n.Rings[i].Requires {
			n.Rings[i].Requires[j].Soak = 0
		}
	}
	return &n
}

// spoil breaks the evidence that plan is given, for bugs of that kind.
func (w *world) spoil(in *plan.Input) {
	in.Failures = slices.Clone(in.Failures)
	for i := range in.Failures {
		if w.bug("failures-always-new") {
			in.Failures[i].At = in.At
		}
	}
	in.Evidence = slices.Clone(in.Evidence)
	for i := range in.Evidence {
		e := &in.Evidence[i]
		switch {
		case w.bug("failures-forgotten"):
			e.Attempted, e.Failed = e.Attempted-e.Failed, 0
		case w.bug("doubt-not-evidence"):
			e.Attempted, e.InDoubt = e.Attempted-e.InDoubt, 0
		case w.bug("doubt-counts-as-success") && e.InDoubt > 0:
			e.Succeeded, e.InDoubt = e.Succeeded+e.InDoubt, 0
		}
	}
}

// sooner notes when something of a plan changes by itself.
func (r *run) sooner(p *plan.Plan) {
	consider := func(at second) {
		if at > r.w.now {
			r.nextIn = min(r.nextIn, max(at-r.w.now, 2*minute))
		}
	}
	for _, ring := range p.Rings {
		for _, w := range ring.Waves {
			consider(instant(w.Opens))
		}
		for _, w := range ring.Waiting {
			if w.Until != nil {
				consider(instant(*w.Until))
			}
		}
	}
}
