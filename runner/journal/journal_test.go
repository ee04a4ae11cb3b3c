package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ringfence/ringfence/runner/ledger"
)

func folder(t *testing.T) (FS, string) {
	t.Helper()
	dir := t.TempDir()
	d, closer, err := Disk(dir, "ringfence/journal")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closer.Close() })
	return d, filepath.Join(dir, "ringfence", "journal")
}

func mustOpen(t *testing.T, d FS, name string) (*Journal, []Entry) {
	t.Helper()
	j, entries, err := Open(d, name)
	if err != nil {
		t.Fatal(err)
	}
	return j, entries
}

func TestOnARealDisk(t *testing.T) {
	d, dir := folder(t)
	j, _ := mustOpen(t, d, "acme.log")
	b := Book{Journal: j, Run: "acme-000001"}
	a := ledger.Action{ID: "sha256:1", Host: "web-1", StartedAt: noon, Status: ledger.Started}
	if err := b.Start(a); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(d, "acme.log"); !errors.Is(err, ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if len(j.Pending()) != 0 {
		t.Errorf("pending before its end: %v", j.Pending())
	}
	a.EndedAt, a.Status, a.HostState, a.Reason = &noon, ledger.Failed, "partial", "postinst failed"
	if err := errors.Join(b.End(a), j.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "acme.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("00c0ffee 000000")
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	j, entries := mustOpen(t, d, "acme.log")
	if len(entries) != 2 || j.Cut() != 15 || len(j.Pending()) != 1 || j.Pending()[0].Reason != "postinst failed" {
		t.Errorf("%d bytes cut, %+v", j.Cut(), entries)
	}
	if err := errors.Join(j.Reset(func(id string) bool { return id == a.ID }), j.Close()); err != nil {
		t.Fatal(err)
	}
	if _, entries := mustOpen(t, d, "acme.log"); len(entries) != 0 {
		t.Errorf("after a reset: %v", entries)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 2 {
		t.Errorf("the folder holds %v, %v", names, err)
	}
}

func TestPendingIsTheNewestEnd(t *testing.T) {
	j, _ := mustOpen(t, newDisk(1), "x.log")
	for _, e := range []Entry{start(1), start(2), end(1, "first"), start(1), end(1, "second"), start(3), end(3, ""), start(3)} {
		if err := j.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if got := j.Pending(); len(got) != 1 || got[0].Reason != "second" {
		t.Errorf("pending %+v", got)
	}
}

// TestAFullJournalStillTakesEnds: whatever was started can end, so a full journal stops starts alone.
func TestAFullJournalStillTakesEnds(t *testing.T) {
	j, _, err := open(newDisk(1), "x.log", 5*maxFrame)
	if err != nil {
		t.Fatal(err)
	}
	started := 0
	for ; err == nil; started++ {
		err = j.Append(start(started))
	}
	if !errors.Is(err, ErrFull) || started < 3 {
		t.Fatalf("%d starts, then %v", started, err)
	}
	for id := range started - 1 {
		if err := j.Append(end(id, strings.Repeat("x", maxFrame-500))); err != nil {
			t.Fatalf("end %d: %v", id, err)
		}
	}
	if err := j.Reset(func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(start(started)); err != nil {
		t.Errorf("after a reset: %v", err)
	}
}

func TestAppendRefuses(t *testing.T) {
	j, _ := mustOpen(t, newDisk(1), "x.log")
	endless := end(1, strings.Repeat("x", maxFrame))
	nameless, undone, done := start(1), end(1, ""), start(1)
	nameless.Action, undone.Status, done.Reason = "", "", "done already"
	for _, e := range []Entry{{}, endless, nameless, undone, done} {
		if err := j.Append(e); err == nil {
			t.Errorf("took %+v", e)
		}
	}
	if err := j.Append(start(1)); err != nil {
		t.Errorf("an entry that is refused breaks nothing: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(start(2)); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestFromManyGoroutines: every fifth outcome is recorded; whoever says so while others write, theirs stay.
func TestFromManyGoroutines(t *testing.T) {
	d := newDisk(1)
	j, _ := mustOpen(t, d, "x.log")
	recorded := map[string]bool{}
	for id := 0; id < 100; id += 5 {
		recorded[start(id).Action] = true
	}
	var wg sync.WaitGroup
	for id := range 100 {
		wg.Go(func() {
			err := errors.Join(j.Append(start(id)), j.Append(end(id, "")), j.Reset(func(action string) bool { return recorded[action] }))
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	left := j.Pending()
	if _, entries := mustOpen(t, d.off("lost"), "x.log"); len(left) != 80 || len(entries) != 2*len(left) {
		t.Errorf("%d pending, %d entries", len(left), len(entries))
	}
}

func TestDamage(t *testing.T) {
	good := append(frame(1, []byte(header)), frame(2, []byte(`{"x":1}`))...)
	for name, raw := range map[string]string{
		"empty": "", "another file": "hello\n", "unknown field": string(good), "a gap": string(frame(1, []byte(header))) + string(lastLine(t, start(1))),
		"twice the header": strings.Repeat(string(frame(1, []byte(header))), 2), "two torn lines": string(frame(1, []byte(header))) + "x\ny\n",
		"a long tail": string(frame(1, []byte(header))) + strings.Repeat("x", maxFrame+1),
	} {
		var damage *DamageError
		if _, err := decode([]byte(raw)); !errors.As(err, &damage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzDecode: what is read is what the file's whole lines say, to the byte, and the rest is at most one torn line.
func FuzzDecode(f *testing.F) {
	whole := frame(1, []byte(header))
	for i, e := range []Entry{start(1), end(1, "postinst \u202e failed")} {
		line, err := encode(uint64(2+i), e)
		if err != nil {
			f.Fatal(err)
		}
		whole = append(whole, line...)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-7])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := decode(raw)
		if err != nil {
			return
		}
		again := frame(c.last-uint64(len(c.entries)), []byte(header))
		for i, e := range c.entries {
			line, err := encode(c.last-uint64(len(c.entries)-1-i), e)
			if err != nil {
				t.Fatal(err)
			}
			again = append(again, line...)
		}
		if !bytes.Equal(again, raw[:c.whole]) || len(raw)-c.whole > maxFrame {
			t.Fatalf("%q was read as %q", raw, again)
		}
	})
}
