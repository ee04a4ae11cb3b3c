package plantest

import (
	"fmt"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
)

// Fleet is acme with n pilot and broad hosts, each lacking 40 of 2,000 updates; sets are nearly all distinct, as they
// are in the field.
func Fleet(n int) plan.Input {
	var list []Update
	for i := range 2000 {
		list = append(list, Lacks(fmt.Sprintf("pkg:deb/debian/package-%04d@1.2.3-1~deb12u%d?arch=amd64", i, i%7), Approved))
	}
	in := World("2026-11-21T12:00:00Z", list...)
	in.Policy.Hosts, in.Snapshot.Hosts = nil, nil
	for h := range n {
		name, tier := fmt.Sprintf("host-%06d", h), "prod"
		if h%10 == 0 {
			tier = "pilot"
		}
		in.Policy.Hosts = append(in.Policy.Hosts, Host(name, tier))
		sh := inventory.Host{Name: name, State: inventory.Scanned, OS: "debian 12"}
		for m := range 40 {
			sh.Missing = append(sh.Missing, inventory.Missing{Update: m*50 + mixed(h, m)%50, From: "1.2.2-1"})
		}
		in.Snapshot.Hosts = append(in.Snapshot.Hosts, sh)
	}
	for _, u := range in.Snapshot.Updates {
		in.Evidence = append(in.Evidence, decision.RingEvidence{
			Ring: "msp-lab/test", Update: u.PURL, Attempted: 1, Succeeded: 1, SucceededAt: At("2026-11-20T12:00:00Z"),
		})
	}
	in.SnapshotDigest = "sha256:known"
	return in
}

// mixed spreads two numbers evenly (splitmix64).
func mixed(h, m int) int {
	x := uint64(h)<<20 + uint64(m) + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int(x >> 33)
}
