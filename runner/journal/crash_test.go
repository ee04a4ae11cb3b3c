package journal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/runner/ledger"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func start(id int) Entry {
	return Entry{Kind: Start, Run: "acme-000001", Action: fmt.Sprint("sha256:", id), Host: fmt.Sprint("web-", id), At: noon}
}

func end(id int, reason string) Entry {
	e := start(id)
	e.Kind, e.Status, e.HostState, e.Reason = End, ledger.Failed, "partial", reason
	return e
}

// A step of a scenario: an entry, a reset that leaves the actions out, or neither: close and open again.
type step struct {
	entry *Entry
	reset []string
}

// scenario is a run or several of a runner, from a seed.
func scenario(seed uint64) []step {
	rng := rand.New(rand.NewPCG(seed, 1))
	var out []step
	var open, ended []int
	for id := 0; len(out) < 4+int(seed)%9; {
		switch n := rng.IntN(10); {
		case n < 4:
			e := start(id)
			open, id = append(open, id), id+1
			out = append(out, step{entry: &e})
		case n < 8 && len(open) > 0:
			i := rng.IntN(len(open))
			e := end(open[i], strings.Repeat("postinst ", rng.IntN(40)))
			ended, open = append(ended, open[i]), slices.Delete(open, i, i+1)
			out = append(out, step{entry: &e})
		case n == 8 && len(ended) > 0:
			var ids []string
			for _, i := range ended {
				ids = append(ids, start(i).Action)
			}
			ended = nil
			out = append(out, step{reset: ids})
		case n == 9:
			out = append(out, step{})
		}
	}
	return out
}

// player plays a scenario and knows what the disk must hold: what was acknowledged, or that and the step under way.
type player struct {
	d    *memDisk
	j    *Journal
	want [][]Entry
	err  error
}

func (p *player) held() []Entry { return p.want[0] }

func (p *player) play(t *testing.T, steps []step) {
	t.Helper()
	p.want = [][]Entry{nil}
	if p.open(t); p.err != nil {
		return
	}
	for _, s := range steps {
		if p.step(t, s); p.err != nil {
			p.insist(t)
			return
		}
	}
}

func (p *player) step(t *testing.T, s step) {
	var next []Entry
	switch {
	case s.entry != nil:
		next = append(slices.Clone(p.held()), *s.entry)
		p.err = p.j.Append(*s.entry)
	case s.reset != nil:
		gone := func(id string) bool { return slices.Contains(s.reset, id) }
		next = slices.DeleteFunc(slices.Clone(p.held()), func(e Entry) bool { return gone(e.Action) })
		p.err = p.j.Reset(gone)
	default:
		if p.err = p.j.Close(); p.err == nil {
			p.open(t)
		}
		return
	}
	if p.err != nil {
		p.want = append(p.want, next)
		return
	}
	p.want[0] = next
}

func (p *player) open(t *testing.T) {
	var got []Entry
	if p.j, got, p.err = Open(p.d, "x.log"); p.err == nil && !same(got, p.held()) {
		t.Errorf("opened with %v, want %v", got, p.held())
	}
}

// insist: after an error of the disk nothing is acknowledged, nor even tried.
func (p *player) insist(t *testing.T) {
	if p.j == nil {
		return // it was not opened
	}
	calls := p.d.calls
	if err := p.j.Append(start(99)); err == nil || p.d.calls != calls {
		t.Errorf("an entry after an error: %v, %d more calls", err, p.d.calls-calls)
	}
	_ = p.j.Close()
}

func same(a, b []Entry) bool { return len(a) == len(b) && (len(a) == 0 || reflect.DeepEqual(a, b)) }

// recovered opens what is left of a disk: it must hold what was acknowledged, hold it for good, and go on.
func (p *player) recovered(t *testing.T, d *memDisk) {
	t.Helper()
	j, got, err := Open(d, "x.log")
	if err != nil {
		t.Fatalf("not recovered: %v", err)
	}
	if !slices.ContainsFunc(p.want, func(w []Entry) bool { return same(got, w) }) {
		t.Fatalf("recovered %v\nwant %v", got, p.want)
	}
	if _, again, err := Open(d.off("lost"), "x.log"); err != nil || !same(again, got) {
		t.Fatalf("what was read was not durable: %v, %v", again, err)
	}
	more := start(77)
	if err := j.Append(more); err != nil {
		t.Fatal(err)
	}
	if _, again, err := Open(d.off("lost"), "x.log"); err != nil || !same(again, append(slices.Clone(got), more)) {
		t.Fatalf("did not go on: %v, %v", again, err)
	}
}

// TestEveryCallOfEveryScenarioFails numbers every call to the disk and lets each go wrong in every way, with every
// fate of what was not synced.
func TestEveryCallOfEveryScenarioFails(t *testing.T) {
	cases := 0
	for seed := range uint64(30) {
		steps := scenario(seed)
		whole := &player{d: newDisk(seed)}
		if whole.play(t, steps); whole.err != nil {
			t.Fatal(whole.err)
		}
		for at := 1; at <= whole.d.calls; at++ {
			for _, fault := range []string{before, after, torn_, full, broken} {
				for _, off := range offs {
					cases++
					p := &player{d: newDisk(seed)}
					p.d.at, p.d.fault = at, fault
					p.play(t, steps)
					if p.d.dead && p.err == nil {
						p.err = errCrashed // in a call whose error nobody needs
					}
					p.recovered(t, p.d.off(off))
					if t.Failed() {
						t.Fatalf("scenario %d, call %d %s, unsynced %s", seed, at, fault, off)
					}
				}
			}
		}
	}
	t.Logf("%d cases", cases)
}

// TestAProcessThatLivesOnOpensAgain: a full or broken disk kills nobody, and what the cache holds is read.
func TestAProcessThatLivesOnOpensAgain(t *testing.T) {
	for seed := range uint64(30) {
		steps := scenario(seed)
		whole := &player{d: newDisk(seed)}
		whole.play(t, steps)
		for at := 1; at <= whole.d.calls; at++ {
			for _, fault := range []string{full, broken} {
				p := &player{d: newDisk(seed)}
				p.d.at, p.d.fault = at, fault
				if p.play(t, steps); p.err == nil {
					_ = p.j.Close()
				}
				p.recovered(t, p.d)
			}
		}
	}
}

// TestTornAtEveryByte cuts the last entry at every byte, and leaves zeros in place of the rest.
func TestTornAtEveryByte(t *testing.T) {
	p := &player{d: newDisk(1)}
	first, second := start(1), end(1, "postinst failed: \"é\" {}")
	p.play(t, []step{{entry: &first}, {entry: &second}})
	raw := p.d.now["x.log"].now
	from := len(raw) - len(lastLine(t, second))
	for cut := from; cut < len(raw); cut++ {
		for _, left := range [][]byte{raw[:cut:cut], append(raw[:cut:cut], make([]byte, len(raw)-cut)...)} {
			d := newDisk(1)
			d.now["x.log"] = &inode{now: left, synced: left}
			d.synced["x.log"] = d.now["x.log"]
			j, got, err := Open(d, "x.log")
			if err != nil || !same(got, []Entry{first}) || j.Cut() != len(left)-from {
				t.Fatalf("cut at %d: %v, %v", cut, got, err)
			}
		}
	}
}

func lastLine(t *testing.T, e Entry) []byte {
	line, err := encode(3, e)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// TestEveryDamagedByteIsFound: a byte changed anywhere but in the last entry is an error that names the entry's place.
func TestEveryDamagedByteIsFound(t *testing.T) {
	p := &player{d: newDisk(1)}
	entries := []Entry{start(1), start(2), end(1, "no space left on device"), end(2, "")}
	var steps []step
	for i := range entries {
		steps = append(steps, step{entry: &entries[i]})
	}
	p.play(t, steps)
	raw := p.d.now["x.log"].now
	last := len(raw) - len(lastLine(t, entries[3]))
	for i := range raw[:last] {
		for _, change := range []byte{1, 0x20, 0x80, raw[i] ^ '\n', raw[i]} { // the last make a line break and a zero
			bad := slices.Clone(raw)
			bad[i] ^= change
			if slices.Equal(bad, raw) {
				continue
			}
			_, err := decode(bad)
			var damage *DamageError
			if !errors.As(err, &damage) || damage.Offset > i || !lineBegins(raw, damage.Offset) {
				t.Fatalf("byte %d changed: %v", i, err)
			}
		}
	}
}

func lineBegins(raw []byte, at int) bool { return at == 0 || raw[at-1] == '\n' }
