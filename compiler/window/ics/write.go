package ics

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	ical "github.com/arran4/golang-ical"

	"github.com/ringfence/ringfence/compiler/window"
)

// Write makes a calendar of occurrences, in UTC. One that never closes is left out: a calendar cannot say that. The
// same occurrences and stamp give the same bytes, and an occurrence keeps its UID, so that who imports the calendar
// again gets no event twice.
func Write(list []window.Occurrence, stamp time.Time) []byte {
	cal := ical.NewCalendarFor("ringfence")
	cal.SetProductId("-//ringfence//windows//EN")
	cal.SetMethod(ical.MethodPublish)
	for _, o := range list {
		if o.Closes == nil {
			continue
		}
		e := cal.AddEvent(uid(o))
		e.SetDtStampTime(stamp)
		e.SetStartAt(o.Opens)
		e.SetEndAt(*o.Closes)
		e.SetSummary(o.Window)
	}
	return []byte(cal.Serialize(ical.WithNewLineWindows))
}

func uid(o window.Occurrence) string {
	sum := sha256.Sum256([]byte(o.Window + "\n" + o.Opens.UTC().Format(time.RFC3339)))
	return hex.EncodeToString(sum[:12]) + "@ringfence"
}
