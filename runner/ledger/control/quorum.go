package control

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/internal/signing"
)

// Quorum says what lifts a halt or releases a break. Stopping takes nobody's leave: every halt and every break counts.
type Quorum struct {
	Persons int              // so many different persons must agree; less than 1 is 1
	Signed  bool             // a single person's order must be signed, too
	Signers *signing.Signers // whose signatures count; nil: nobody's
	Now     func() time.Time // nil: no clock is at hand, and whatever time an order claims is believed
}

func (q Quorum) persons() int { return max(1, q.Persons) }

// Named reports whether an order that lifts something counts only with the signature of a known person.
func (q Quorum) Named() bool { return q.Signed || q.persons() > 1 }

// Voice is who gave an order, as far as its signature tells.
type Voice struct {
	Name string // the principals of the signer's line; "" is nobody that counts
	Key  string // the fingerprint of the key
	Why  string // why it is nobody: "unsigned", …
}

// String says it in a word or two.
func (v Voice) String() string {
	if v.Name == "" {
		return v.Why
	}
	return "signed by " + v.Name
}

// made is when an order that claims a time was made: no later than now. One that claims to be of the future follows a
// halt of a machine whose clock ran ahead, and was made while its key was as valid as it is now. When that key ends
// before the time that is claimed, the order ends with it, and the halt stands again: nobody can tell it any more from
// one that came after the key's end.
func (q Quorum) made(at time.Time) time.Time {
	if q.Now == nil || !at.After(q.Now()) {
		return at
	}
	return q.Now()
}

// voice judges a signature at the time at which its order was made.
func (q Quorum) voice(payload, armored []byte, at time.Time) Voice {
	switch {
	case armored == nil:
		return Voice{Why: "unsigned"}
	case q.Signers == nil:
		return Voice{Why: "signed, and nobody says whose signatures count"}
	}
	who, err := q.Signers.Verify(payload, armored, q.made(at))
	switch {
	case err != nil:
		return Voice{Why: "its signature does not count: " + err.Error()}
	case strings.ContainsAny(who.Principal, "*?!"):
		return Voice{Key: who.Fingerprint, Why: "its signature does not count: " + who.Principal + " is a pattern and names no person"}
	}
	return Voice{Name: who.Principal, Key: who.Fingerprint}
}

// counts reports whether an order of this voice may take part in lifting.
func (q Quorum) counts(v Voice) bool { return !q.Named() || v.Name != "" }

// Enough reports whether the list of signers has the persons that the quorum asks for, valid now or not.
func (q Quorum) Enough() bool {
	if !q.Named() {
		return true
	}
	if q.Signers == nil {
		return false
	}
	var all []Voice
	for key, name := range q.Signers.All() {
		if !strings.ContainsAny(name, "*?!") {
			all = append(all, Voice{Name: name, Key: key})
		}
	}
	return heads(all) >= q.persons()
}

// heads counts different persons. Two voices are of one person if they share a key or a principal, directly or by way
// of others, so that two keys of one person, or two lines about one key, never count as two.
func heads(voices []Voice) int {
	var groups []map[string]bool
	for _, v := range voices {
		group := map[string]bool{"key " + v.Key: true}
		for name := range strings.SplitSeq(strings.ToLower(v.Name), ",") {
			group["name "+strings.TrimSpace(name)] = true
		}
		groups = slices.DeleteFunc(groups, func(g map[string]bool) bool {
			for id := range g {
				if group[id] {
					maps.Copy(group, g)
					return true
				}
			}
			return false
		})
		groups = append(groups, group)
	}
	return len(groups)
}

// spoken is an order and who vouches for it.
type spoken struct {
	Order
	voice Voice
}

// standing adds up orders, oldest first. It is the whole meaning of the control branch, and pure.
func (q Quorum) standing(orders []spoken) Orders {
	c := Orders{Persons: q.persons()}
	for _, o := range orders {
		c = q.after(c, o)
	}
	return c
}

// after is Orders after one more order. An order that lifts covers what stands before it in the branch and no more: a
// halt that came in between needs to be agreed on anew. Nor does it cover what was ordered after the time that it
// claims, so that a key that has expired cannot speak of later halts.
func (q Quorum) after(c Orders, o spoken) Orders {
	switch o.Kind {
	case Halt:
		c.Halts = append(slices.Clip(c.Halts), Standing{Order: o.Order, Voice: o.voice})
	case Break:
		if _, again := c.Broken(o.Update); !again {
			c.Breaks = append(slices.Clip(c.Breaks), Standing{Order: o.Order, Voice: o.voice})
		}
	case Unhalt:
		if q.counts(o.voice) {
			c.Halts, _ = q.agree(c.Halts, o)
		}
	case Unbreak:
		if q.counts(o.voice) {
			c = q.release(c, o)
		}
	}
	return c
}

// release takes a break back. What failed until the earliest time that anybody of the quorum named is forgiven.
func (q Quorum) release(c Orders, o spoken) Orders {
	breaks, lifted := q.agree(c.Breaks, o)
	c.Breaks = breaks
	if len(lifted) > 0 {
		c.Released = maps.Clone(c.Released)
		if c.Released == nil {
			c.Released = map[string]time.Time{}
		}
		c.Released[o.Update] = *lifted[0].UpTo
	}
	return c
}

// agree adds a voice to what an order lifts, and takes out what enough persons have agreed on.
func (q Quorum) agree(list []Standing, o spoken) (left, lifted []Standing) {
	for _, s := range list {
		if o.lifts(s.Order) && !o.At.Before(s.At) {
			s.Agreed = append(slices.Clip(s.Agreed), o.voice)
			if o.UpTo != nil && (s.UpTo == nil || o.UpTo.Before(*s.UpTo)) {
				s.UpTo = o.UpTo
			}
			if heads(s.Agreed) >= q.persons() {
				lifted = append(lifted, s)
				continue
			}
		}
		left = append(left, s)
	}
	return left, lifted
}

// People names those who agreed, each person once.
func (s Standing) People() []string {
	var out []string
	var seen []Voice
	for _, v := range s.Agreed {
		if n := heads(seen); heads(append(slices.Clip(seen), v)) > n {
			out, seen = append(out, v.Name), append(seen, v)
		}
	}
	return out
}
