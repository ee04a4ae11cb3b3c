package apt

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/providers"
)

// TestClocks: a host whose clock is off by a drift is scanned, with a remark; one that is off by more is not judged.
func TestClocks(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	base, story := loadRecording(t, "base"), loadRecording(t, "real")
	for _, tt := range []struct {
		off       time.Duration
		note, err string
	}{
		{0, "", ""},
		{-time.Minute, "", ""},
		{skewNoted, "", ""},
		{-3 * time.Minute, "its clock is 3m0s behind", ""},
		{skewRefused, "its clock is 30m0s ahead", ""},
		{-time.Hour, "", "the host's clock is 1h0m0s behind"},
		{time.Hour, "", "the host's clock is 1h0m0s ahead"},
		{-365 * 24 * time.Hour, "", "the host's clock is 365 days behind"},
		{365 * 24 * time.Hour, "", "365 days ahead"},
	} {
		p := play(t, base, story)
		p.exec.On(cmdClock, nil, out(fmt.Sprintln(now.Add(tt.off).Unix())))
		got, err := (&Provider{now: func() time.Time { return now }}).Scan(t.Context(), providers.ScanRequest{Refresh: true}, p.exec)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: %v", tt.off, err)
			}
			continue
		}
		said := slices.ContainsFunc(got.Notes, func(n string) bool { return strings.Contains(n, "its clock") })
		if err != nil || said != (tt.note != "") || said && !slices.Contains(got.Notes, tt.note) {
			t.Errorf("%s: %q, %v", tt.off, got.Notes, err)
		}
	}
}

func TestWhatIsNoClock(t *testing.T) {
	base, story := loadRecording(t, "base"), loadRecording(t, "real")
	for _, text := range []string{"", "now\n", "1 2\n", "99999999999999999999\n"} {
		p := play(t, base, story)
		p.exec.On(cmdClock, nil, out(text))
		if _, err := New().Scan(t.Context(), providers.ScanRequest{}, p.exec); err == nil {
			t.Errorf("%q is taken for a time", text)
		}
	}
}

// TestSlowAnswersAreNoSkew: the host may have read its clock at any instant between question and answer.
func TestSlowAnswersAreNoSkew(t *testing.T) {
	asked := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for at, want := range map[time.Duration]time.Duration{0: 0, time.Minute: 0, 10 * time.Minute: 0, 11 * time.Minute: time.Minute, -time.Minute: time.Minute} {
		if off, word := skew(asked.Add(at), asked, asked.Add(10*time.Minute)); off != want {
			t.Errorf("%s: %s %s", at, off, word)
		}
	}
}
