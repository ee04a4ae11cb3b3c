package read

import (
	"cmp"
	"strconv"
	"strings"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// anyOf is what alternatives stand under, among the rings that are required. No ring is called so.
const anyOf = "anyOf"

// gates reads the requirements that must all hold.
func (n node) gates() []policy.Requirement {
	out := []policy.Requirement{}
	for _, f := range n.fields() {
		if f.label() != anyOf {
			out = append(out, f.requirement())
		}
	}
	return out
}

func (n node) requirement() policy.Requirement {
	if n.label() == policy.PoolRing {
		return n.pooled()
	}
	req := policy.Requirement{
		Ring:         n.label(),
		Succeeded:    cmp.Or(n.get("succeeded").percent(), 100),
		MinSucceeded: cmp.Or(n.get("minSucceeded").integer(1, maxCount), 1),
		MinReported:  n.get("minReported").amount(),
		Soak:         n.get("soak").duration(),
		IfUntested: cmp.Or(policy.IfUntested(n.get("ifUntested").enum(
			string(policy.UntestedNeedsApproval), string(policy.UntestedWait), string(policy.UntestedApprove))), policy.UntestedNeedsApproval),
		Source: n.source(),
	}
	req.SamePlatform, req.Platforms = n.get("platforms").platforms()
	req.Healthy = n.get("healthy").holds()
	if tenant, ring, ok := strings.Cut(n.label(), "/"); ok {
		req.Tenant, req.Ring = tenant, ring
	}
	return req
}

// pooled reads what the tenants that share their evidence must have seen together. Who has no such hosts today may
// have some tomorrow, so the pool is never taken for untestable.
func (n node) pooled() policy.Requirement {
	req := policy.Requirement{
		Tenant: policy.AllTenants, Ring: policy.PoolRing,
		Succeeded:    cmp.Or(n.get("succeeded").percent(), 100),
		MinSucceeded: n.get("hosts").integer(1, maxCount),
		Tenants:      n.get("tenants").integer(1, maxCount),
		Soak:         n.get("soak").duration(),
		IfUntested:   policy.UntestedWait,
		EachPlatform: n.get("platforms").exists(),
		Source:       n.source(),
	}
	req.SamePlatform, req.Platforms = n.get("platforms").platforms()
	req.Healthy = n.get("healthy").holds()
	return req
}

// holds reads true or false; nothing is false.
func (n node) holds() bool {
	b := n.boolean()
	return b != nil && *b
}

// samePlatform stands for the platforms of the hosts that are to get the update.
const samePlatform = "same"

// platforms reads "same" or a list of platforms.
func (n node) platforms() (same bool, list []string) {
	if v, _ := n.v.Default(); n.exists() && v.IncompleteKind() != cue.ListKind {
		return n.enumOr(samePlatform, `a list such as ["debian 12", "ubuntu 24.04"]`), nil
	}
	for _, p := range n.texts() {
		if p == "" || p == samePlatform {
			n.rejectWith(diag.New(diag.WrongValue, "%s names %q among platforms", n.name(), p).
				WithFix("write \"same\" alone, or a list such as [\"debian 12\", \"ubuntu 24.04\"]"))
		}
		list = append(list, p)
	}
	return false, list
}

// enumOr reads the one word that can stand in place of something else.
func (n node) enumOr(word, other string) bool {
	v, _ := n.v.Default()
	if s, err := v.String(); err != nil || s != word {
		n.wrongKind(strconv.Quote(word)+" or "+other, nil)
		return false
	}
	return true
}

// alternatives reads the sets of requirements of which one must hold.
func (n node) alternatives() [][]policy.Requirement {
	n.some("one alternative")
	return list(n, node.alternative)
}

// alternative reads one of the sets of requirements of which one must hold. An empty one would always hold.
func (n node) alternative() []policy.Requirement {
	if n.isStruct() && len(n.fields()) == 0 {
		n.report(diag.New(diag.EmptyMatch, "%s requires nothing, so it would always hold", n.name()).
			WithFix("name a ring: {pilot: {minSucceeded: 3}}"))
	}
	return n.gates()
}
