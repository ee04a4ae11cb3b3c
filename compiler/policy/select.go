package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Choice is a condition on one label of a host that is more than equality: all parts that are set must hold. A label
// that the host does not have has the empty value.
type Choice struct {
	Key  string   `json:"key"`
	In   []string `json:"in,omitempty"`   // one of these; sorted
	Not  []string `json:"not,omitempty"`  // none of these; sorted
	Glob string   `json:"glob,omitempty"` // as GlobPattern reads it
}

// holds reports whether a label's value meets the condition. One that says nothing takes no host.
func (c Choice) holds(value string) bool {
	switch {
	case len(c.In)+len(c.Not) == 0 && c.Glob == "":
		return false
	case len(c.In) > 0 && !slices.Contains(c.In, value):
		return false
	case slices.Contains(c.Not, value):
		return false
	}
	return c.Glob == "" || glob(c.Glob, value)
}

// String writes the condition as a policy does: {in: ["a", "b"], not: ["c"]}.
func (c Choice) String() string {
	var out []string
	if len(c.In) > 0 {
		out = append(out, "in: "+quoted(c.In))
	}
	if len(c.Not) > 0 {
		out = append(out, "not: "+quoted(c.Not))
	}
	if c.Glob != "" {
		out = append(out, "glob: "+strconv.Quote(c.Glob))
	}
	return "{" + strings.Join(out, ", ") + "}"
}

func quoted(list []string) string {
	var out []string
	for _, s := range list {
		out = append(out, strconv.Quote(s))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// globs keeps compiled patterns: a ring is asked about every host.
var globs sync.Map

// glob matches a text as a whole. What is no pattern matches nothing.
func glob(pattern, s string) bool {
	if !IsGlob(pattern) {
		return pattern == s
	}
	known, ok := globs.Load(pattern)
	if !ok {
		re, err := GlobPattern(pattern)
		if err != nil {
			return false
		}
		known, _ = globs.LoadOrStore(pattern, regexp.MustCompile(re))
	}
	return known.(*regexp.Regexp).MatchString(s)
}

// Share is a stable part of the hosts that a ring's labels select: those whose place, a number from 0 to 99, lies in
// [From, To). Shares that complement one another part the hosts, and a host that is added moves no other.
type Share struct {
	From int    `json:"from"`
	To   int    `json:"to"`
	Seed string `json:"seed"` // the tenant's name
}

// Takes reports whether a host of that name is in the share.
func (s Share) Takes(host string) bool {
	n := s.place(host)
	return s.From <= n && n < s.To
}

// place is the first eight bytes of SHA-256 over seed, slash and name, as a big-endian number, modulo 100.
func (s Share) place(host string) int {
	sum := sha256.Sum256([]byte(s.Seed + "/" + host))
	return int(binary.BigEndian.Uint64(sum[:8]) % 100)
}

// In reports whether the ring's selector takes the host. A ring that asks for no label takes none.
func (r Ring) In(h Host) bool {
	return selects(h, r.Select, r.SelectBy) && (r.Share == nil || r.Share.Takes(h.Name))
}

// selects reports whether a host meets all of some conditions, of which there must be one at least.
func selects(h Host, equal []Label, by []Choice) bool {
	for _, l := range equal {
		if h.Label(l.Key) != l.Value {
			return false
		}
	}
	for _, c := range by {
		if !c.holds(h.Label(c.Key)) {
			return false
		}
	}
	return len(equal)+len(by) > 0
}
