package journal

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// waves is a runner whose ledger never fails: what was announced and has no recorded outcome is in doubt there. Two
// waves overlap, and the journal is trimmed when the outcome of one has been recorded, as the runner does.
type waves struct {
	j     *Journal
	doubt []string          // what the ledger has in doubt
	ended map[string]string // acknowledged ends: action to reason
	most  int               // entries after a trim
}

func (w *waves) announce(ids []int) {
	for _, id := range ids {
		w.doubt = append(w.doubt, start(id).Action)
	}
}

func (w *waves) begin(ids []int) error {
	for _, id := range ids {
		if err := w.j.Append(start(id)); err != nil {
			return err
		}
	}
	return nil
}

func (w *waves) finish(ids []int) error {
	for _, id := range ids {
		e := end(id, fmt.Sprint("exit status ", id))
		if err := w.j.Append(e); err != nil {
			return err
		}
		w.ended[e.Action] = e.Reason
	}
	return nil
}

// record is the moment at which the ledger has the outcome, durably; only then the journal is trimmed.
func (w *waves) record(ids []int) error {
	for _, id := range ids {
		w.doubt = slices.DeleteFunc(w.doubt, func(x string) bool { return x == start(id).Action })
	}
	err := w.j.Reset(func(id string) bool { return !slices.Contains(w.doubt, id) })
	if err == nil {
		w.most = max(w.most, len(w.j.entries))
	}
	return err
}

const waveHosts = 3

// run is six waves, each announced and begun before the one before it has been recorded.
func (w *waves) run(d *memDisk) (err error) {
	if w.j, _, err = Open(d, "x.log"); err != nil {
		return err
	}
	before := []int{-1}
	for n := range 6 {
		ids := []int{waveHosts * n, waveHosts*n + 1, waveHosts*n + 2}
		w.announce(ids)
		for _, do := range []func() error{
			func() error { return w.begin(ids) },
			func() error { return w.finish(before[1:]) },
			func() error { return w.finish(ids[:1]) }, // while the wave before it is recorded
			func() error { return w.record(before) },
		} {
			if err := do(); err != nil {
				return err
			}
		}
		before = ids
	}
	if err := w.finish(before[1:]); err != nil {
		return err
	}
	return w.record(before)
}

// recalls checks what the next runner finds: of each action that the ledger has in doubt, how it ended, if its end was
// acknowledged; and of no action an end that nobody wrote.
func (w *waves) recalls(t *testing.T, d *memDisk) {
	t.Helper()
	j, _, err := Open(d, "x.log")
	if err != nil {
		t.Fatalf("not recovered: %v", err)
	}
	found := map[string]string{}
	for _, e := range j.Pending() {
		found[e.Action] = e.Reason
		if want := "exit status " + strings.TrimPrefix(e.Action, "sha256:"); e.Reason != want {
			t.Fatalf("%s ended with %q", e.Action, e.Reason)
		}
	}
	for _, id := range w.doubt {
		if reason, ok := w.ended[id]; ok && found[id] != reason {
			t.Fatalf("the ledger has %s in doubt; it ended with %q, and the journal says %q", id, reason, found[id])
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestATrimAfterEachWaveLosesNoEnd lets every call to the disk fail in every way, those of the trims and the first one
// after a record among them: that is a crash between the record and the trim.
func TestATrimAfterEachWaveLosesNoEnd(t *testing.T) {
	whole := &waves{ended: map[string]string{}}
	d := newDisk(1)
	if err := whole.run(d); err != nil || len(whole.doubt) > 0 {
		t.Fatal(err, whole.doubt)
	}
	if len(whole.j.entries) != 0 || whole.most > waveHosts+1 {
		t.Errorf("%d entries are left, and up to %d after a trim: those of the wave in flight are %d", len(whole.j.entries), whole.most, waveHosts+1)
	}
	for at := 1; at <= d.calls; at++ {
		for _, fault := range []string{before, after, torn_, full, broken} {
			for _, off := range offs {
				w, d := &waves{ended: map[string]string{}}, newDisk(1)
				d.at, d.fault = at, fault
				_ = w.run(d) // what went wrong after the last acknowledged step says nothing
				w.recalls(t, d.off(off))
			}
		}
	}
}
