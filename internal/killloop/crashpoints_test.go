//go:build linux

package killloop

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// scenario is one command whose every I/O point is crashed at. What came before it is done by machine a, whose command
// it is, and by b.
type scenario struct {
	name  string
	shape shape
	setup func(*arena)
	args  []string
	quick bool // a few of its points are crashed at whenever tests run
}

// crash is one way for a runner to die.
type crash struct {
	reached
	moment moment
	floor  int // what the journal had before its last entry
}

func (c crash) String() string { return fmt.Sprintf("%d %s: %s", c.n, c.what, c.moment) }

// quickCrashes are those of each quick scenario.
const quickCrashes = 3

// TestCrashPoints kills a runner before, after and in the middle of every call of git and every start on a host, and
// in the middle of every entry of its journal. Half of the time its disk is gone then and another machine goes on.
// Whoever goes on must get everything done and settled. CRASHPOINTS=K/N crashes at every Nth point, from the Kth on, of
// all scenarios; 1/1 is all.
func TestCrashPoints(t *testing.T) {
	t.Parallel()
	part := partOf(t, os.Getenv("CRASHPOINTS"))
	began := time.Now()
	var points, crashes, struck atomic.Int64
	t.Cleanup(func() {
		t.Logf("%d scenarios with %d points: %d crashes, %d of them struck, in %s", len(scenarios), points.Load(), crashes.Load(), struck.Load(), time.Since(began).Round(time.Second))
	})
	for _, s := range scenarios {
		if part == nil && !s.quick {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := newCrashed(t, s)
			all := h.count()
			points.Add(int64(len(all)))
			list := crashesAt(all)
			if part == nil {
				list = spread(list, quickCrashes)
			} else {
				list = part(list)
			}
			for _, c := range list {
				crashes.Add(1)
				if h.play(c) {
					struck.Add(1)
				}
			}
		})
	}
}

// partOf reads K/N; nil for "".
func partOf(t *testing.T, text string) func([]crash) []crash {
	if text == "" {
		return nil
	}
	var k, n int
	if _, err := fmt.Sscanf(text, "%d/%d", &k, &n); err != nil || k < 1 || k > n {
		t.Fatalf("CRASHPOINTS is K/N, not %q", text)
	}
	return func(list []crash) []crash {
		var out []crash
		for i := k - 1; i < len(list); i += n {
			out = append(out, list[i])
		}
		return out
	}
}

// spread picks n of a list, far apart.
func spread(list []crash, n int) []crash {
	step := max(1, len(list)/n)
	var out []crash
	for i := step / 2; i < len(list) && len(out) < n; i += step {
		out = append(out, list[i])
	}
	return out
}

// readers are calls of git that write nothing: before, in and after are one and the same to whoever goes on.
var readers = []string{"git rev-parse", "git config", "git status", "git remote", "git ls-remote", "git merge-base", "git cat-file"}

func crashesAt(all []reached) []crash {
	var out []crash
	journal := 0
	for _, r := range all {
		if journal > 0 && r.journal > journal { // a new journal is there whole; only what is added to it can be torn
			out = append(out, crash{r, cut, journal})
		}
		journal = r.journal
		out = append(out, crash{reached: r, moment: before})
		if !slices.Contains(readers, r.what) {
			out = append(out, crash{reached: r, moment: torn}, crash{reached: r, moment: after})
		}
	}
	return out
}

// crashed is a scenario in an arena that can be put back to where its command begins.
type crashed struct {
	*arena
	scenario scenario
	pristine string
}

func newCrashed(t *testing.T, s scenario) *crashed {
	t.Helper()
	s.shape.points = true
	h := &crashed{newArena(t, s.shape, 1), s, ""}
	h.clone("a")
	h.clone("b")
	if s.setup != nil {
		s.setup(h.arena)
	}
	h.points.watch(t, h.path("a"))
	h.pristine = h.dir + ".pristine"
	t.Cleanup(func() { _ = os.RemoveAll(h.pristine) })
	h.must("/", "cp", "-a", h.dir, h.pristine)
	return h
}

// count runs the command without a crash.
func (h *crashed) count() []reached {
	h.Helper()
	h.points.arm(h.T, 0, "")
	c := h.command("a", h.scenario.args...)
	c.Env = append(c.Env, h.path1())
	_ = c.Run()
	h.ended("a", c)
	all := h.points.all(h.T)
	if len(all) < 5 {
		h.Fatalf("only %d points: the script is not in the way\n%s%s", len(all), c.Stdout, c.Stderr)
	}
	return all
}

func (h *crashed) path1() string {
	return "PATH=" + h.points.file("bin") + string(os.PathListSeparator) + os.Getenv("PATH")
}

// play crashes at one point and lets somebody go on.
func (h *crashed) play(c crash) (struck bool) {
	h.Helper()
	h.must("/", "rm", "-rf", h.dir)
	h.must("/", "cp", "-a", h.pristine, h.dir)
	ahead, history := h.clock.ahead, h.history
	defer func() {
		if !h.Failed() {
			h.clock.ahead, h.history = ahead, history
		}
	}()
	r := randomOf(h.scenario.name, c)
	at := c.moment
	if at == cut {
		at = before
	}
	h.points.arm(h.T, c.n, at)
	cmd := h.command("a", h.scenario.args...)
	cmd.Env = append(cmd.Env, h.path1())
	struck = h.points.strikeAt(h.T, cmd, delay(r, c))
	h.note("crash at %s: struck %t", c, struck)
	if h.ended("a", cmd); c.moment == cut {
		h.cut(r, c.floor)
	}
	h.recover(r.IntN(2) == 0 && !h.local)
	return struck
}

func randomOf(name string, c crash) *rand.Rand {
	sum := fnv.New64a()
	fmt.Fprint(sum, name, c.n, c.moment)
	return rand.New(rand.NewPCG(sum.Sum64(), uint64(*seedFlag)))
}

// delay is how far what is torn gets: a push may be over on the remote, and only its answer be lost.
func delay(r *rand.Rand, c crash) time.Duration {
	switch {
	case c.moment != torn:
		return 0
	case c.what == "git push":
		return time.Duration(r.Int64N(int64(60 * time.Millisecond)))
	}
	return time.Duration(r.Int64N(int64(4 * time.Millisecond)))
}

// cut leaves a part of the journal's last entry, or nothing of it.
func (h *crashed) cut(r *rand.Rand, floor int) {
	h.Helper()
	size := h.points.journal()
	files := h.points.journals()
	if len(files) != 1 || size <= floor {
		h.Fatalf("%d journals of %d bytes in all, at first %d", len(files), size, floor)
	}
	h.check(os.Truncate(files[0], int64(floor+r.IntN(size-floor))))
}

// recover lets the same machine go on, or with nothing of its disk left another one.
func (h *crashed) recover(lost bool) {
	h.Helper()
	machine := "a"
	if lost {
		machine = "c"
		h.gone("a")
		h.clone("c")
	} else {
		h.ageLocks("a")
	}
	h.points.arm(h.T, 0, "")
	h.fleet("") // what failed once works now
	h.later(25 * time.Hour)
	if strings.Contains(fmt.Sprint(h.scenario.args, h.scenario.name), "halt") {
		if code, out := h.live(machine, "unhalt", "--reason", "go on"); code != 0 && !strings.Contains(out, "no order halts") {
			h.Fatalf("unhalt: exit %d\n%s", code, out)
		}
	}
	h.settle(machine)
	h.audit(machine)
}
