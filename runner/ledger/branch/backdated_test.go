package branch

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

// TestARecordIsNotOlderThanTheOneBeforeIt: a record that waited for its remote is put on top of later ones. It is of
// the time at which it followed them then, or verifiers would take the ledger for one that was tampered with.
func TestARecordIsNotOlderThanTheOneBeforeIt(t *testing.T) {
	bare := remotetest.Bare(t)
	a, b := newSite(t, bare), newSite(t, bare)
	append := func(s site, r ledger.Record) (Head, error) {
		h := mustHead(t, s.Ledger)
		return s.Append(t.Context(), h, Entry{Record: r})
	}
	at := func(minutes int, test bool) ledger.Record {
		r := note(fmt.Sprint("run-", minutes)).Record
		r.At, r.TestClock = t0.Add(time.Duration(minutes)*time.Minute), test
		return r
	}
	back := a.Down(t)
	if _, err := append(a, at(1, false)); !errors.Is(err, ErrUnpushed) {
		t.Fatal(err)
	}
	back()
	if _, err := append(b, at(60, false)); err != nil {
		t.Fatal(err)
	}
	if err := a.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h := a.mustSync(t); h.State.Seq != 2 || !h.Record.At.Equal(t0.Add(time.Hour)) {
		t.Errorf("record %d is of %s", h.State.Seq, h.Record.At)
	}
	// A runner that was stopped before it could write what it knew.
	if h, err := append(b, at(30, false)); err != nil || h.State.Seq != 3 || !h.Record.At.Equal(t0.Add(time.Hour)) {
		t.Errorf("record %d is of %s, %v", h.State.Seq, h.Record.At, err)
	}
	// A test clock may be set back.
	if h, err := append(b, at(15, true)); err != nil || !h.Record.At.Equal(t0.Add(15*time.Minute)) {
		t.Errorf("record %d is of %s, %v", h.State.Seq, h.Record.At, err)
	}
}
