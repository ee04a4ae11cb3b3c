package window

import "testing"

// TestInstant: the weekday is told in UTC where it is another one, so no reader takes an instant for a day earlier or later.
func TestInstant(t *testing.T) {
	for _, tt := range []struct{ zone, at, want string }{
		{"Europe/Berlin", "2026-11-30T23:00:00Z", "Tue 1 Dec 2026 00:00 Europe/Berlin, Mon 23:00 UTC"},
		{"Europe/Berlin", "2026-12-01T11:00:00Z", "Tue 1 Dec 2026 12:00 Europe/Berlin, 11:00 UTC"},
		{"America/New_York", "2027-01-01T01:00:00Z", "Thu 31 Dec 2026 20:00 America/New_York, Fri 01:00 UTC"},
		{"UTC", "2026-11-30T23:00:00Z", "Mon 30 Nov 2026 23:00 UTC"},
	} {
		if got := Instant(instant(t, tt.at), zone(t, tt.zone)); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
