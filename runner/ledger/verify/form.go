package verify

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
)

// form compares the commit with its record: parents, number, trailers, time and author leave nothing to choose.
func (v *verifier) form(s *step) {
	c, r := s.commit, s.record
	parent := ""
	if want := min(s.seq-1, 1); len(c.Parents) != want {
		v.found(s, Chain, "it has %d parents, not %d", len(c.Parents), want)
	}
	if len(c.Parents) > 0 {
		parent = c.Parents[0]
	}
	if r.Tenant != v.Tenant {
		v.found(s, Form, "it is of tenant %q", r.Tenant)
	}
	if value, _ := c.Trailers.Get(branch.TrailerSeq); r.Seq != s.seq || value != strconv.Itoa(s.seq) {
		v.found(s, Number, "it is record %d of the history, calls itself %d, and its commit says %q", s.seq, r.Seq, value)
	}
	if !strings.HasPrefix(c.Subject, v.Tenant+": ") {
		v.found(s, Form, "its subject does not name the tenant: %q", c.Subject)
	}
	outcome := r.Outcome
	if outcome == "" {
		outcome, _ = c.Trailers.Get(branch.TrailerOutcome)
	}
	want, err := branch.Text(c.Tree, parent, r, c.Subject, outcome)
	got, _, err2 := v.Repo.Signature(c.Hash)
	switch {
	case err2 != nil:
		v.found(s, Signature, "%v", err2)
	case err != nil:
		v.found(s, Form, "%v", err)
	case !bytes.Equal(want, got):
		v.found(s, Form, "its commit says something else than its record: %q, not %q", firstDifference(got, want), firstDifference(want, got))
	}
}

// firstDifference is the first line of a that b does not have at its place.
func firstDifference(a, b []byte) string {
	other := bytes.Split(b, []byte("\n"))
	for i, line := range bytes.Split(a, []byte("\n")) {
		if i >= len(other) || !bytes.Equal(line, other[i]) {
			return string(line)
		}
	}
	return ""
}

// tree looks for files that have no place in a record.
func (v *verifier) tree(s *step) {
	for name := range s.files {
		top, rest, _ := strings.Cut(name, "/")
		if name != stateFile && (rest == "" || top != "run" && top != "inputs" && top != "snapshot") {
			v.found(s, Tree, "%s has no place in a record", name)
		}
	}
}

// clock: time does not run backwards from record to record, but for the difference of two runners' clocks. A tenant's
// test clock may be set freely; it counts only where the policy declares it.
func (v *verifier) clock(s *step) {
	if p := v.policies[s.record.Policy]; s.record.TestClock && p != nil && !p.TestClock {
		v.found(s, Clock, "it uses a test clock, and its policy declares none")
	}
	if s.prev == nil || s.record.TestClock || s.prev.record.TestClock {
		return
	}
	if s.record.At.Before(s.prev.record.At.Add(-ledger.Skew)) {
		v.found(s, Clock, "it is of %s, before record %d of %s", stamp(s.record.At), s.prev.seq, stamp(s.prev.record.At))
	}
}

// fence: once a lease was taken over, its former holder announces nothing more. It may still tell how things ended.
func (v *verifier) fence(s *step) {
	r := s.record
	if high := s.before.Fences[r.Site]; r.Fence < high && r.Phase == ledger.PhaseIntent {
		v.found(s, Fence, "it announces actions under fence %d of site %s; %d was granted before", r.Fence, r.Site, high)
	}
}
