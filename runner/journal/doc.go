// Package journal is a runner's write-ahead file on its own disk: what it was about to start on a host, and how that
// ended, each durable before the runner goes on.
//
// It only adds precision. The ledger's intent says what may have begun, and the hosts say what is there now; a journal
// that is lost loses no action. What it keeps is why an action failed, for the time between the end of the action and
// the record of its wave: a runner that is killed in between need not tell a person "was in doubt".
//
// The file is a header and then one line per entry: checksum (CRC-32C), length, sequence number, canonical JSON. Append
// returns when the line is on disk. A file that an interrupted write tore ends with its last whole entry; any other
// damage is an error that names the place, since nothing else can have caused it than the disk or a hand.
package journal

import (
	"errors"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/runner/ledger"
)

// Errors that callers branch on.
var (
	ErrInUse  = errors.New("another process has the journal open")
	ErrFull   = errors.New("the journal is full: nothing of it was recorded in the ledger for long")
	ErrClosed = errors.New("the journal is closed")
)

// DamageError is a journal that no interrupted write explains.
type DamageError struct {
	Name   string
	Offset int // of the first byte that is not a whole entry
	Why    string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("the journal %s is damaged at byte %d: %s", e.Name, e.Offset, e.Why)
}

// Kind says what an entry tells.
type Kind string

// The kinds. What was announced, and what is recorded, stands in the ledger alone: two accounts of it could disagree.
const (
	Start Kind = "start" // nothing was sent yet
	End   Kind = "end"   // the runner has judged the action
)

// Entry is one line of the journal. Status, HostState, Reason and Unhealthy are those of the ledger's actions and stand in ends
// only. At is UTC to the second.
type Entry struct {
	Kind      Kind          `json:"kind"`
	Run       string        `json:"run"`
	Action    string        `json:"action"` // id
	Host      string        `json:"host"`
	At        time.Time     `json:"at"`
	Status    ledger.Status `json:"status,omitempty"`
	HostState string        `json:"hostState,omitempty"`
	Reason    string        `json:"reason,omitempty"`
	Unhealthy []string      `json:"unhealthy,omitempty"`
}

func (e Entry) check() error {
	switch {
	case e.Kind != Start && e.Kind != End:
		return fmt.Errorf("no kind of entry is %q", e.Kind)
	case e.Action == "" || e.Host == "":
		return errors.New("an entry names an action and a host")
	case e.Kind == Start && (e.Status != "" || e.HostState != "" || e.Reason != "" || len(e.Unhealthy) > 0):
		return errors.New("a start has no outcome")
	case e.Kind == End && e.Status == "":
		return errors.New("an end has an outcome")
	}
	return nil
}
