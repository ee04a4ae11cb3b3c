package effect

import "slices"

// ofUpdates are the kinds that depend on what hosts lack. Which hosts have a ring, and how many of them go at once, is
// known without any scan.
var ofUpdates = []Kind{
	RejectedToApproved, NewlyApproved, NoLongerRejected, Earlier, Reboots, NewlyRejected, NoLongerApproved, Later, RebootsMoved,
	NoReboots, Changed,
}

// unknown counts the hosts that a ring of either side has and that no scan has read, and lists the kinds that nobody can
// rule out for that. What one host lacks may open or close the gates of another, so each of them is possible wherever a
// host has a ring on both sides. Hosts that come or go win or lose their coverage, which is known, and reboots.
func (d *differ) unknown() (unscanned int, kinds []Kind) {
	possible := map[Kind]bool{}
	stays := false
	for _, h := range d.hostNames() {
		was, is := d.was.home(h).state, d.is.home(h).state
		had, has := was == "covered", is == "covered"
		stays = stays || had && has
		if (had || has) && d.was.rows[h] == nil && d.is.rows[h] == nil {
			unscanned++
			possible[RebootsMoved] = true // one that waits, too
			possible[Reboots] = possible[Reboots] || has
			possible[NoReboots] = possible[NoReboots] || had
			possible[Changed] = possible[Changed] || was == "elsewhere" || is == "elsewhere"
		}
	}
	for _, k := range ofUpdates {
		possible[k] = possible[k] || stays && unscanned > 0
	}
	return unscanned, slices.DeleteFunc(Kinds(), func(k Kind) bool { return !possible[k] })
}
