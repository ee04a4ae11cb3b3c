package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
)

// near is a label that a ring asks for, and the label of a host that was most likely meant to be the same.
type near struct {
	asks policy.Label
	host policy.Host
	has  policy.Label
}

// slip names the two words that differ: the ring's and the host's.
func (n near) slip() (asked, had string) {
	if n.asks.Key != n.has.Key {
		return n.asks.Key, n.has.Key
	}
	return n.asks.Value, n.has.Value
}

// ofRing says what a ring that selects nobody was most likely meant to say.
func (n near) ofRing() string {
	asked, had := n.slip()
	if n.asks.Key != n.has.Key {
		return fmt.Sprintf("; no host has a label %q: did you mean %q?", asked, had)
	}
	return fmt.Sprintf("; no host has %s: %q: did you mean %q?", n.asks.Key, asked, had)
}

// ofHost says what a host that no ring selects was most likely meant to have.
func (n near) ofHost() string {
	asked, had := n.slip()
	if n.asks.Key != n.has.Key {
		return fmt.Sprintf("; %s has a label %q: did you mean %q?", n.host.Name, had, asked)
	}
	return fmt.Sprintf("; %s has %s: %q: did you mean %q?", n.host.Name, n.has.Key, had, asked)
}

// nearRing looks for the slip in a ring that selects no host: a label that no host has, beside one that hosts have.
func (c *checker) nearRing(r policy.Ring) (near, bool) {
	for _, asks := range r.Select {
		keys, values := map[string]policy.Host{}, map[string]policy.Host{}
		for _, h := range c.Tenant.Hosts {
			for _, l := range h.Labels {
				first(keys, l.Key, h)
				if l.Key == asks.Key {
					first(values, l.Value, h)
				}
			}
		}
		key, value := nearest(asks.Key, keys), nearest(asks.Value, values)
		switch {
		case len(values) > 0 && value != "":
			return near{asks, values[value], policy.Label{Key: asks.Key, Value: value}}, true
		case len(values) == 0 && key != "":
			return near{asks, keys[key], policy.Label{Key: key, Value: keys[key].Label(key)}}, true
		}
	}
	return near{}, false
}

func first(m map[string]policy.Host, name string, h policy.Host) {
	if _, ok := m[name]; !ok {
		m[name] = h
	}
}

// nearest is the name that a word was most likely meant to be; "" also if the word is there itself. Words that differ in
// digits alone are different things, not slips.
func nearest(word string, names map[string]policy.Host) string {
	if _, ok := names[word]; ok {
		return ""
	}
	return suggest.Word(word, slices.DeleteFunc(slices.Sorted(maps.Keys(names)), func(n string) bool { return letters(n) == letters(word) }))
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, s)
}

// nearHost looks for the slip in a host that no ring selects.
func (c *checker) nearHost(h policy.Host) (near, bool) {
	keys, values := map[string]policy.Host{}, map[string]map[string]policy.Host{}
	for _, r := range c.Tenant.Rings {
		for _, asks := range r.Select {
			keys[asks.Key] = h
			if values[asks.Key] == nil {
				values[asks.Key] = map[string]policy.Host{}
			}
			values[asks.Key][asks.Value] = h
		}
	}
	for _, l := range h.Labels {
		if value := nearest(l.Value, values[l.Key]); value != "" {
			return near{policy.Label{Key: l.Key, Value: value}, h, l}, true
		}
		if key := nearest(l.Key, keys); key != "" && h.Label(key) == "" {
			return near{policy.Label{Key: key, Value: l.Value}, h, l}, true
		}
	}
	return near{}, false
}

// explained adds what most likely went wrong with hosts that no ring selects: a slip in a ring, which selects nobody
// then, or one in the labels of the first host.
func (c *checker) explained(d diag.Diagnostic, hosts []policy.Host) diag.Diagnostic {
	for _, r := range c.Tenant.Rings {
		n, found := c.nearRing(r)
		if found && slices.ContainsFunc(hosts, func(h policy.Host) bool { return h.Label(n.has.Key) == n.has.Value }) {
			return d.WithRelated(c.Places.At("rings", r.Name, "select"), fmt.Sprintf("the ring %q selects no host%s", r.Name, n.ofRing()))
		}
	}
	if n, found := c.nearHost(hosts[0]); found {
		d.Summary += n.ofHost()
	}
	return d
}
