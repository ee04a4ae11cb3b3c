//go:build linux

package killloop

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

var tenants = []string{"alpha", "beta"}

// hosts are the machines of a world.
type hosts interface {
	files() map[string]string // of the policy repository
	env() []string
	pace() time.Duration   // how long after an event a kill may strike
	release()              // makes one more update appear on every host
	updates() []string     // name@version of those that appeared
	changes() []change     // every package operation that ever happened
	actions() []string     // ids of the actions that the hosts know of, where they do
	per() map[string]int   // tenant → hosts
	sound(c change) string // what is wrong with a change's package on its host, or ""
}

// change is one package operation on a host.
type change struct{ host, action, what string } // what is name@version

// world is a policy repository with two tenants, the remote on which two runners meet, and their clones.
type world struct {
	ground
	hosts
	seed    int64
	rand    *rand.Rand
	binary  string
	at      time.Time // the test clock
	runner  string    // whose turn it is
	history []string
	struck  map[victim]int
	machine map[string]int // how many disks a runner lost
}

func newWorld(t *testing.T, seed int64) *world {
	t.Helper()
	binary, err := program()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{ground: newGround(t, fmt.Sprintf("killloop-%d-", seed)), seed: seed, rand: rand.New(rand.NewPCG(uint64(seed), 0)), binary: binary, runner: "a", struck: map[victim]int{}, machine: map[string]int{}, at: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	t.Cleanup(w.end)
	return w
}

// end says how to see a failure again.
func (w *world) end() {
	if w.Failed() {
		w.Logf("seed %d; what happened:\n%s", w.seed, strings.Join(w.history, "\n"))
		w.Logf("again: go test ./internal/killloop -count=1 -run '%s' -seed %d -keep", strings.Split(w.Name(), "/")[0], w.seed)
	}
	if w.Failed() && *keepFlag {
		w.Logf("kept: %s", w.dir)
		return
	}
	_ = os.RemoveAll(w.dir)
}

// open makes the policy repository, its remote and the runners' clones.
func (w *world) open(h hosts) {
	w.Helper()
	w.hosts = h
	w.policy(w.binary, h.files())
	w.must(w.dir, "git", "clone", "-q", "--bare", "policy", "remote.git")
	w.clone("a")
	w.clone("b")
}

func (w *world) note(format string, args ...any) {
	w.history = append(w.history, fmt.Sprintf(format, args...))
}

// command is a run of the program by the runner whose turn it is, later than all before it.
func (w *world) command(later time.Duration, args ...string) *exec.Cmd {
	w.at = w.at.Add(later)
	c := exec.Command(w.binary, append(args, "--json", "--at", w.at.Format(time.RFC3339))...)
	c.Dir, c.Env, c.Stderr = w.path(w.runner), append(append(os.Environ(), "RINGFENCE_RUNNER="+w.name()), w.env()...), new(bytes.Buffer)
	return c
}

// round makes an update appear, kills runners that install it, lets the last ones live, and checks.
func (w *world) round(kills int) {
	w.Helper()
	w.release()
	for n := 0; n < kills; {
		if w.kill() {
			n++
		}
	}
	w.settle()
	w.whole("remote.git", "a", "b")
	w.settled()
	w.once()
}

// kill starts a runner and kills it. Every second time its disk is gone then, and the other one may take over.
func (w *world) kill() bool {
	w.Helper()
	b := newBlow(w.rand, w.pace())
	c := w.command(time.Duration(w.rand.IntN(26))*time.Hour, w.verb()...)
	struck, err := strike(c, b)
	w.check(err)
	w.note("%s: %s: %s after %d events %s and %s: struck %v, %s", w.runner, strings.Join(c.Args[1:], " "), b.victim, b.events, b.which, b.delay, struck, c.ProcessState)
	if struck {
		w.struck[b.victim]++
		if b.victim == everything {
			w.ageLocks(w.runner) // hours pass before anyone comes back, and no git is left
		}
		w.loseDisk()
	}
	if w.rand.IntN(2) == 0 {
		w.swap()
	}
	return struck
}

// loseDisk takes clone and journal away after every second kill: another machine, under another name, stands in for the
// runner from then on and has only Git and the hosts to go by.
func (w *world) loseDisk() {
	w.Helper()
	kills := 0
	for _, n := range w.struck {
		kills += n
	}
	if kills%2 == 0 {
		return
	}
	w.machine[w.runner]++
	w.note("%s loses its disk; %s takes its place", w.runner, w.name())
	w.clone(w.runner)
}

// name is what the machine of the runner calls itself.
func (w *world) name() string { return fmt.Sprintf("%s-%d", w.runner, w.machine[w.runner]) }

func (w *world) swap() { w.runner = map[string]string{"a": "b", "b": "a"}[w.runner] }

func (w *world) verb() []string {
	tenant := tenants[w.rand.IntN(len(tenants))]
	switch n := w.rand.IntN(10); {
	case n < 5:
		return []string{"run", "--all"}
	case n < 8:
		return []string{"run", "--tenant", tenant}
	}
	return []string{"apply", "--resume", "--tenant", tenant}
}

// settle lets runners live until all is done. What failed is tried again a day later.
func (w *world) settle() {
	w.Helper()
	for _, t := range tenants {
		w.live("apply", "--resume", "--tenant", t)
	}
	for range 12 {
		w.swap()
		if out := w.live("run", "--all"); strings.Count(out, `"planned":0`) == len(tenants) {
			return
		}
	}
	w.Fatal("there was still something to do after twelve days without a kill")
}

// blocked are exit codes with which nobody gets further: what a killed runner left behind must never cause them.
var blocked = []int{1, 7, 10, 64}

func (w *world) live(args ...string) string {
	w.Helper()
	c := w.command(25*time.Hour, args...)
	var out bytes.Buffer
	c.Stdout = &out
	_ = c.Run()
	code := c.ProcessState.ExitCode()
	w.note("%s: %s: lives, exit %d", w.runner, strings.Join(c.Args[1:], " "), code)
	if slices.Contains(blocked, code) {
		w.Fatalf("%s in %s: exit %d\n%s\n%s", strings.Join(c.Args[1:], " "), w.runner, code, out.String(), c.Stderr)
	}
	return out.String()
}
