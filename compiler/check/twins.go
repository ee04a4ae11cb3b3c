package check

import (
	"cmp"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// twins looks for hosts of one site at one address, which are one machine under several names: each name would be
// patched, and count in budgets and gates, by itself. However many there are, it is one mistake.
func (c *checker) twins() {
	type place struct{ site, address string }
	at := map[place][]policy.Host{}
	var order []place
	for _, h := range c.Tenant.Hosts {
		p := place{h.Site(), address(h)}
		if at[p] = append(at[p], h); len(at[p]) == 2 {
			order = append(order, p)
		}
	}
	for _, p := range order {
		hosts := at[p]
		var names []string
		for _, h := range hosts {
			names = append(names, h.Name)
		}
		d := diag.New(diag.SameAddress, "one address, %s, is that of %s", p.address, some(names)).
			At(diag.ParsePlace(hosts[1].Source)).WithRelated(diag.ParsePlace(hosts[0].Source), "another of them").About("hosts", hosts[1].Name).
			WithFix("a machine is one host: keep one of them, with the providers of all; machines behind one address differ by their ports")
		d.Severity = diag.Warning
		c.diags = append(c.diags, d)
	}
}

// address is where a host is reached, in one form of the several in which it can be written. Without a port it is SSH's,
// as long as nobody's configuration of SSH says otherwise.
func address(h policy.Host) string {
	at := strings.ToLower(cmp.Or(h.Address, h.Name))
	if strings.Count(at, ":") == 1 || strings.Contains(at, "]:") { // else they are those of a bare IPv6 address
		at = strings.TrimSuffix(at, ":22")
	}
	return strings.TrimSuffix(strings.TrimPrefix(at, "["), "]")
}
