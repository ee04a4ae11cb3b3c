package apt

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Windows and soak times go by the runner's clock, never by a host's. But apt judges by the host's own clock whether an
// index has expired: one that is set back takes an old index for a new one, and the host for up to date.
const (
	skewNoted   = 2 * time.Minute
	skewRefused = 30 * time.Minute // no drift explains it: a dead battery, a time zone in the hardware clock, or somebody
)

// clock compares the host's clock with this machine's, and takes no account of how long the host needed to answer.
func (s *scanner) clock(ctx context.Context) error {
	before := s.now()
	text, err := readWord(ctx, s.x, cmdClock)
	if err != nil {
		return err
	}
	after := s.now()
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("apt: %s: %w", cmdClock, unreadable("seconds since 1970", text))
	}
	off, word := skew(time.Unix(seconds, 0), before, after)
	switch {
	case off > skewRefused:
		return fmt.Errorf("apt: the host's clock is %s %s: by it nobody can tell whether a package index has expired; set it (timedatectl set-ntp true)", duration(off), word)
	case off > skewNoted:
		s.note("its clock is %s %s", duration(off), word)
	}
	return nil
}

// skew is by how much a host's clock, read between two instants, must be off at least.
func skew(host, before, after time.Time) (time.Duration, string) {
	if host.After(after) {
		return host.Sub(after), "ahead"
	}
	return max(0, before.Sub(host)), "behind"
}

// duration says days where hours would be many.
func duration(d time.Duration) string {
	if d > 48*time.Hour {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return d.Round(time.Second).String()
}
