package transport

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// deadline puts an action's last instant in seconds since the host was booted: the two clocks need not agree, and a
// restart in between makes it pass. What is left is counted from when the host's answer is here, so the host's limit is
// never the later one.
func (s supervisor) deadline(ctx context.Context, a Action) (from, by string, err error) {
	if a.By.IsZero() {
		return "0", "0", nil
	}
	up, err := s.uptime(ctx)
	if err != nil {
		return "", "", err
	}
	left := a.By.Sub(a.Now())
	if left < 0 {
		return "", "", ErrLate
	}
	return strconv.Itoa(up), strconv.Itoa(up + int(left/time.Second)), nil
}

// uptime is how many whole seconds ago the host was booted.
func (s supervisor) uptime(ctx context.Context) (int, error) {
	out, err := s.conn.Run(ctx, []string{"cat", "/proc/uptime"}, Options{MaxOutput: maxAnswer, Timeout: patience})
	if err != nil {
		return 0, fmt.Errorf("%w: how long it is up: %v", ErrUnreachable, err) // reading starts nothing
	}
	words := strings.Fields(string(lastLine(out.Stdout)))
	if len(words) == 2 {
		whole, _, _ := strings.Cut(words[0], ".")
		if up, err := strconv.Atoi(whole); err == nil && up >= 0 {
			return up, nil
		}
	}
	return 0, fmt.Errorf("%w: it does not say how long it is up", ErrUnsupervised)
}
