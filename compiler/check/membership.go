package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

const maxNamed = 5 // hosts that one diagnostic names

// membership checks that each host is in exactly one ring. However many hosts are concerned, two rings that overlap
// are one mistake, and so are hosts that no ring takes.
func (c *checker) membership() {
	overlap := map[[2]int][]string{}
	count := make([]int, len(c.Tenant.Rings))
	var homeless []policy.Host
	for _, h := range c.Tenant.Hosts {
		var in []int
		for i, r := range c.Tenant.Rings {
			if r.In(h) {
				in = append(in, i)
				count[i]++
			}
		}
		if len(in) == 0 {
			homeless = append(homeless, h)
		}
		for i, a := range in {
			for _, b := range in[i+1:] {
				pair := c.byPlace(a, b)
				overlap[pair] = append(overlap[pair], h.Name)
			}
		}
	}
	c.overlaps(overlap)
	c.homeless(homeless)
	for i, r := range c.Tenant.Rings {
		if count[i] == 0 && len(homeless) == 0 { // else it is most likely the same mistake
			d := diag.New(diag.EmptyRing, "the ring %q selects no host", r.Name).WithFix("its labels (%s) are those of no host in the hosts files", labels(r))
			if n, found := c.nearRing(r); found {
				d.Summary += n.ofRing()
				d = d.WithRelated(diag.ParsePlace(n.host.Source), n.host.Name+" has "+n.has.Key+": "+n.has.Value)
			}
			d.Severity = diag.Warning
			c.add(d, "rings", r.Name, "select")
		}
	}
}

// byPlace orders two rings as they are written: the later one is where an overlap is reported.
func (c *checker) byPlace(a, b int) [2]int {
	pa, pb := c.selectOf(a), c.selectOf(b)
	if cmp.Or(cmp.Compare(pa.File, pb.File), cmp.Compare(pa.Start.Line, pb.Start.Line), cmp.Compare(pa.Start.Column, pb.Start.Column)) > 0 {
		return [2]int{b, a}
	}
	return [2]int{a, b}
}

func (c *checker) selectOf(ring int) diag.Range {
	return c.Places.At("rings", c.Tenant.Rings[ring].Name, "select")
}

// overlaps reports, for each ring, the first earlier one that it overlaps: three rings over the same hosts are two
// mistakes, not three.
func (c *checker) overlaps(pairs map[[2]int][]string) {
	done := map[int]bool{}
	for first := range c.Tenant.Rings {
		for second := range c.Tenant.Rings {
			hosts := pairs[[2]int{first, second}]
			if len(hosts) == 0 || done[second] {
				continue
			}
			done[second] = true
			a, b := c.Tenant.Rings[first], c.Tenant.Rings[second]
			c.add(diag.New(diag.OverlappingRings, "the rings %q and %q both select %s", a.Name, b.Name, some(hosts)).
				WithRelated(c.selectOf(first), "the other ring's select").
				WithFix("a host is in exactly one ring; let them ask for different values of one label"), "rings", b.Name, "select")
		}
	}
}

func (c *checker) homeless(hosts []policy.Host) {
	if len(hosts) == 0 || len(c.Tenant.Rings) == 0 {
		return
	}
	var names []string
	for _, h := range hosts {
		names = append(names, h.Name)
	}
	var selects []string
	for _, r := range c.Tenant.Rings {
		selects = append(selects, fmt.Sprintf("%s takes %s", r.Name, labels(r)))
	}
	d := diag.New(diag.HostInNoRing, "no ring selects %s", some(names)).
		WithFix("give each host the labels of one ring (%s), or add a ring", strings.Join(selects, "; "))
	c.diags = append(c.diags, c.explained(d.At(diag.ParsePlace(hosts[0].Source)).About("hosts"), hosts))
}

func labels(r policy.Ring) string {
	var out []string
	for _, l := range r.Select {
		out = append(out, l.Key+": "+l.Value)
	}
	for _, c := range r.SelectBy {
		out = append(out, c.Key+": "+c.String())
	}
	if r.Share != nil {
		out = append(out, fmt.Sprintf("share %d%% to %d%%", r.Share.From, r.Share.To))
	}
	return strings.Join(out, ", ")
}

// some names a few hosts and counts the rest.
func some(names []string) string {
	slices.Sort(names)
	shown := names[:min(maxNamed, len(names))]
	out := strings.Join(shown, ", ")
	if rest := len(names) - len(shown); rest > 0 {
		out += fmt.Sprintf(" and %d more", rest)
	}
	if len(names) == 1 {
		return "the host " + out
	}
	return fmt.Sprintf("%d hosts: %s", len(names), out)
}
