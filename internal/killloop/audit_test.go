//go:build linux

package killloop

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
)

// audit holds everything that is left against everything that happened: machine has the ledger.
func (a *arena) audit(machine string) {
	a.Helper()
	repos := []string{machine}
	if !a.local {
		repos = append(repos, "remote.git")
	}
	a.whole(repos...)
	if !a.local {
		if code, out := a.live(machine, "ledger", "pull"); code != 0 {
			a.Fatalf("ledger pull: exit %d\n%s", code, out)
		}
	}
	if code, out := a.live(machine, "verify", "--tenant", arenaTenant); code != 0 {
		a.Fatalf("ringfence verify: exit %d\n%s", code, out)
	}
	log, err := readLog(a.path("hosts.log"))
	a.check(err)
	a.once(log)
	a.bounded(log)
	a.recorded(machine, log)
}

// secondOpinion asks the verifier that shares no code with the program.
func (a *arena) secondOpinion(machine string) {
	a.Helper()
	script, err := filepath.Abs("../../docs/verify/verify.py")
	a.check(err)
	args := []string{script, "--tenant", arenaTenant, "--repo", a.path(machine)}
	if a.signed {
		args = append(args, "--allowed-signers", a.path("policy", "trust", "allowed_signers"))
	}
	if out, err := exec.Command("python3", args...).CombinedOutput(); err != nil {
		a.Fatalf("verify.py: %v\n%s", err, out)
	}
}

// once: no action ran twice, and where nothing failed every host got the update once.
func (a *arena) once(log []sighting) {
	a.Helper()
	count := map[string]int{}
	for _, s := range log {
		if s.What == began {
			if count[s.Action]++; count[s.Action] > 1 {
				a.Errorf("%s: action %s was started twice", s.Host, s.Action)
			}
		}
	}
	for host, got := range a.installed() {
		for version, times := range got {
			if times > 1 && a.faults == "" {
				a.Errorf("%s: openssl %s was installed %d times", host, version, times)
			}
		}
		if got[a.newest()] == 0 {
			a.Errorf("%s: openssl %s was never installed", host, a.newest())
		}
	}
}

func (a *arena) newest() string { return fmt.Sprintf("%d-1", a.version) }

// installed counts how often each host got each version.
func (a *arena) installed() map[string]map[string]int {
	a.Helper()
	var state struct {
		Hosts map[string]struct {
			Changes []struct{ To string }
		}
	}
	raw, err := os.ReadFile(a.path("sim.json"))
	if !errors.Is(err, fs.ErrNotExist) {
		a.check(err)
		a.check(json.Unmarshal(raw, &state))
	}
	out := map[string]map[string]int{}
	for _, h := range a.names() {
		out[h] = map[string]int{}
		for _, c := range state.Hosts[arenaTenant+"/"+h].Changes {
			out[h][c.To]++
		}
	}
	return out
}

// upToDate reports whether every host has the newest version.
func (a *arena) upToDate() bool {
	for _, got := range a.installed() {
		if got[a.newest()] == 0 {
			return false
		}
	}
	return true
}

// bounded: at no instant were more hosts of a ring down at a site than its budget. A host is down from the beginning of
// an installation to its end or, when that was never seen, until the host was read again.
func (a *arena) bounded(log []sighting) {
	a.Helper()
	down := map[string]string{} // host → since which action
	for _, s := range log {
		switch s.What {
		case began:
			down[s.Host] = s.Action
		case ended:
			if down[s.Host] == s.Action {
				delete(down, s.Host)
			}
		case scanned:
			delete(down, s.Host)
		}
		in := map[string]int{}
		for h := range down {
			if in[pool(h)]++; in[pool(h)] > a.budget {
				a.Fatalf("%s: more than %d hosts of %s are down: %v", s.At.Format(time.RFC3339Nano), a.budget, pool(h), down)
			}
		}
	}
}

// pool is the site and ring of a host, which share a budget.
func pool(host string) string { return host[:strings.LastIndexByte(host, '-')] }

// recorded: whatever began was announced before, has an outcome, and nobody waits for an answer.
func (a *arena) recorded(machine string, log []sighting) {
	a.Helper()
	head, records := a.records(machine)
	if len(head.State.InDoubt) > 0 {
		a.Errorf("still in doubt: %+v", head.State.InDoubt)
	}
	intents, outcomes := map[string]bool{}, map[string]ledger.Status{}
	for _, r := range records {
		for _, x := range r.Actions {
			if r.Phase == ledger.PhaseIntent {
				intents[x.ID] = true
				continue
			}
			outcomes[x.ID] = x.Status
		}
	}
	for _, s := range log {
		if s.What != began {
			continue
		}
		if !intents[s.Action] {
			a.Errorf("%s: %s began, and no intent names it", s.Host, s.Action)
		}
		if o := outcomes[s.Action]; o != ledger.Succeeded && o != ledger.Failed {
			a.Errorf("%s: %s began, and the last that is recorded of it is %q", s.Host, s.Action, o)
		}
	}
}

// records reads the ledger in a machine's clone, oldest first; the chain is linear and its numbers have no gap.
func (a *arena) records(machine string) (branch.Head, []ledger.Record) {
	a.Helper()
	l, head := a.ledger(machine)
	var out []ledger.Record
	for e, err := range l.Log(a.Context(), head, 0) {
		a.check(err)
		at, err := l.At(e.Commit)
		a.check(err)
		out = append(out, at.Record)
	}
	slices.Reverse(out)
	for i, r := range out {
		if r.Seq != i+1 {
			a.Fatalf("record %d has number %d", i+1, r.Seq)
		}
	}
	return head, out
}

// ledger is what a machine's clone has of it.
func (a *arena) ledger(machine string) (*branch.Ledger, branch.Head) {
	a.Helper()
	repo, err := gitrepo.Open(a.Context(), a.path(machine))
	a.check(err)
	l := branch.Open(repo, arenaTenant)
	head, err := l.Head(a.Context())
	a.check(err)
	return l, head
}

// settle lets machines run, one a day, until nothing is left to do.
func (a *arena) settle(machines ...string) {
	a.Helper()
	for day := range 8 {
		a.later(25 * time.Hour)
		m := machines[day%len(machines)]
		code, out := a.live(m, "run", "--all")
		if slices.Contains(blocked, code) {
			a.Fatalf("%s cannot go on: exit %d\n%s", m, code, out)
		}
		if code == 0 && strings.Count(out, `"planned":0`) == len(a.sites) {
			return
		}
	}
	a.Fatal("there was still something to do after eight days without a kill")
}
