// Package ics reads maintenance windows and freezes out of iCalendar files (RFC 5545) and writes occurrences as such.
//
// It reads what calendars say about time and nothing else. Whatever it does not understand is an error with a line,
// never passed over: a calendar that is read in part would be open, or not frozen, when its author meant otherwise.
package ics

import (
	"fmt"

	"github.com/ringfence/ringfence/compiler/policy"
)

// The bounds of a calendar.
const (
	maxBytes  = 1 << 20
	maxEvents = 2000
	maxRules  = 200  // events that recur
	maxDates  = 2000 // of one event's EXDATE and RDATE
	maxDepth  = 8
)

// Error is what is wrong with a calendar, at a line of it. Zone is set when it names a zone that nobody knows, and Empty when
// each line is right and it says no time all the same.
type Error struct {
	Line  int
	Msg   string
	Zone  string
	Empty bool
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Msg) }

func wrong(line int, format string, args ...any) *Error {
	return &Error{Line: line, Msg: fmt.Sprintf(format, args...)}
}

// Parse reads the events of a calendar, in the order of the file. name is the file's, for their sources. An error is
// an *Error. A calendar without events, or of which all are cancelled, is one: it says nothing that could be meant.
func Parse(data []byte, name string) ([]policy.Event, error) {
	entries, zones, err := read(data)
	if err != nil {
		return nil, err
	}
	c := &calendar{file: name, zones: zones}
	for _, e := range entries {
		if err := c.add(e); err != nil {
			return nil, err
		}
	}
	out, err := c.joined()
	switch {
	case err != nil || len(out) > 0:
		return out, err
	case len(c.list) > 0:
		return nil, &Error{Line: c.list[0].line, Msg: "every event of the calendar is cancelled, so it says no time", Empty: true}
	}
	return nil, &Error{Line: 1, Msg: "the calendar has no event", Empty: true}
}
