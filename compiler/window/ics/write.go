package ics

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	ical "github.com/arran4/golang-ical"

	"github.com/ringfence/ringfence/compiler/window"
)

// Stretch is one event of a calendar to be written. Since is when it truly began, the zero time if it was ever so: an
// always-open window opens when one begins to look, and who looks again later means the same stretch.
type Stretch struct {
	window.Occurrence
	Since time.Time
}

// Write makes a calendar of what is open in [from, to), in UTC and full minutes, as calendars have it and reading demands:
// never more than is open. One that never closes ends at to and says that it goes on. The same stretches give the same
// bytes, and a stretch keeps its UID, so that who imports the calendar again gets no event twice.
func Write(list []Stretch, from, to time.Time) []byte {
	cal := ical.NewCalendarFor("ringfence")
	cal.SetProductId("-//ringfence//windows//EN")
	cal.SetMethod(ical.MethodPublish)
	for _, s := range list {
		opens, closes := s.Opens.Add(time.Minute-time.Nanosecond).Truncate(time.Minute), to
		if s.Closes != nil {
			closes = *s.Closes
		}
		if closes = closes.Truncate(time.Minute); !opens.Before(closes) {
			continue
		}
		e := cal.AddEvent(s.uid())
		e.SetDtStampTime(from)
		e.SetStartAt(opens)
		e.SetEndAt(closes)
		e.SetSummary(s.Window)
		if s.Closes == nil {
			e.SetDescription("It stays open: no end is known.")
		}
	}
	return []byte(cal.Serialize(ical.WithNewLineWindows))
}

func (s Stretch) uid() string {
	sum := sha256.Sum256([]byte(s.Window + "\n" + s.Since.UTC().Format(time.RFC3339)))
	return hex.EncodeToString(sum[:12]) + "@ringfence"
}
