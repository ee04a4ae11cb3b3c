package verify

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ringfence/ringfence/runner/ledger"
)

// TestTwoClocks: what two runners date whose clocks differ by no more than ledger.Skew verifies, in both verifiers; what
// is further apart is back-dated, or by a runner that should not have started.
func TestTwoClocks(t *testing.T) {
	t.Parallel()
	stories := map[string]struct {
		code Code
		tell func(s *story, apart time.Duration)
	}{
		"one that is behind starts": {NoIntent, func(s *story, apart time.Duration) {
			s.now = instant("2026-11-16T22:00:00Z")
			s.scan()
			s.ahead(apart)
			s.run(allSucceed)
		}},
		"one that is behind announces at the end of a window": {Window, func(s *story, apart time.Duration) {
			s.now = instant("2026-11-17T00:59:56Z")
			s.scan()
			s.ahead(apart)
			s.run(func(string) ledger.Status { return "" })
		}},
		"one that is behind settles and goes on": {Clock, func(s *story, apart time.Duration) {
			s.now = instant("2026-11-16T22:00:00Z")
			s.scan()
			s.run(failing("web-1", ""))
			s.now = s.head.State.InDoubt[0].Since.Add(-time.Second - apart)
			s.scan()
			s.run(allSucceed) // in the same window, within the same budget
		}},
		"one that is set back before it records an end": {Clock, func(s *story, apart time.Duration) {
			s.now = instant("2026-11-16T22:00:00Z")
			s.scan()
			s.setBack, s.each = apart, 5*time.Minute
			s.run(allSucceed)
		}},
		"a key that ended meanwhile": {NotValid, func(s *story, apart time.Duration) {
			s.now = instant("2026-12-30T23:59:55Z")
			s.ahead(apart)
			s.scan()
		}},
	}
	for name, c := range stories {
		for _, apart := range []time.Duration{time.Second, ledger.Skew, ledger.Skew + 5*time.Second} {
			t.Run(fmt.Sprint(name, ", ", apart), func(t *testing.T) {
				s := newStory(t)
				s.each = time.Second
				s.scan()
				c.tell(s, apart)
				fine := apart <= ledger.Skew
				r := mustVerify(t, s.input())
				if found := slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == c.code }); found == fine || r.OK() != fine {
					t.Errorf("found: %v", r.Findings)
				}
				ok, said := s.second(t, s.head.Commit, "--allowed-signers", s.allowed)
				if ok != fine {
					t.Errorf("the second verifier says\n%s", said)
				}
			})
		}
	}
}

// ahead is a note by a runner whose clock is ahead of the story's.
func (s *story) ahead(by time.Duration) {
	r := s.record(ledger.PhaseNote, fmt.Sprint("note-", s.head.State.Seq))
	r.At = r.At.Add(by)
	s.append(r, nil)
}
