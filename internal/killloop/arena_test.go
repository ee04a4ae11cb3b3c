//go:build linux

package killloop

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/command"
)

// shape says what an arena is like.
type shape struct {
	local  bool     // the ledger stays in the clone; else runners meet on a remote
	signed bool     // records are signed, and unsigned ones refused
	sites  []string // nil: one site, main
	rings  []string // nil: one ring, test; each next one requires the one before
	hosts  int      // of each ring at each site
	budget int      // maxUnavailable
	takes  time.Duration
	reboot bool
	faults string // list of the fleet's file
	points bool   // count I/O points
}

// arena is one tenant whose hosts write down what is done to them, and machines that run the program there. Its tenant
// has no test clock: what passes for machine time is the arena's clock, which all machines share.
type arena struct {
	ground
	shape
	clock   machineClock
	points  points
	version int // of the package, newest on the mirror
	history []string
}

const arenaTenant = "acme"

func newArena(t *testing.T, s shape, speed int) *arena {
	t.Helper()
	if s.sites == nil {
		s.sites = []string{"main"}
	}
	if s.rings == nil {
		s.rings = []string{"test"}
	}
	s.hosts, s.budget = max(1, s.hosts), max(1, s.budget)
	a := &arena{ground: newGround(t, "killloop-"), shape: s, clock: machineClock{origin: time.Now(), speed: speed}, version: 2}
	t.Cleanup(a.end)
	if s.points {
		a.points = newPoints(t, a.dir)
	}
	self, err := os.Executable()
	a.check(err)
	a.fleet(a.faults)
	if s.signed {
		a.must(a.dir, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", a.path("key"))
	}
	a.ground.policy(a.real(), a.files(self))
	a.must(a.path("policy"), "chmod", "+x", "plugins/fleet")
	a.must(a.path("policy"), a.real(), "provider", "lock", "sim")
	a.commit("Pin the provider")
	a.must(a.dir, "git", "clone", "-q", "--bare", "policy", "remote.git")
	return a
}

// real is the path of the real program.
func (a *arena) real() string {
	a.Helper()
	path, err := program()
	a.check(err)
	return path
}

func (a *arena) end() {
	if a.Failed() {
		a.Logf("what happened:\n%s", strings.Join(a.history, "\n"))
	}
	if a.Failed() && *keepFlag {
		a.Logf("kept: %s", a.dir)
		return
	}
	_ = os.RemoveAll(a.dir)
}

func (a *arena) note(format string, args ...any) {
	a.history = append(a.history, fmt.Sprintf(format, args...))
}

// fleet writes what the hosts are and how they fail.
func (a *arena) fleet(faults string) {
	a.Helper()
	var b strings.Builder
	reboot := "no"
	if a.reboot {
		reboot = `"yes"`
	}
	b.WriteString("updates:\n")
	for v := 2; v <= a.version; v++ {
		fmt.Fprintf(&b, "  - {name: openssl, version: %d-1, class: security, severity: high, origin: Debian-Security, reboot: %s}\n", v, reboot)
	}
	b.WriteString("hosts:\n")
	for _, h := range a.names() {
		fmt.Fprintf(&b, "  - {name: %s, tenant: %s, installed: {openssl: 1-1}}\n", h, arenaTenant)
	}
	if faults != "" {
		b.WriteString("faults:\n" + faults)
	}
	a.write(b.String(), "fleet.yaml.new")
	a.check(os.Rename(a.path("fleet.yaml.new"), a.path("fleet.yaml")))
}

// release makes one more version appear.
func (a *arena) release() {
	a.version++
	a.fleet(a.faults)
}

// names are the hosts; a host's name is site-ring-number, and what is before the number shares a budget.
func (a *arena) names() []string {
	var out []string
	for _, site := range a.sites {
		for _, ring := range a.rings {
			for i := range a.hosts {
				out = append(out, fmt.Sprintf("%s-%s-%d", site, ring, i+1))
			}
		}
	}
	return out
}

func (a *arena) files(self string) map[string]string {
	settings := ""
	if !a.local {
		settings += "ledger: remote: \"origin\"\n"
	}
	trust := map[string]string{}
	if a.signed {
		settings += "ledger: signed: true\n"
		key, err := os.ReadFile(a.path("key.pub"))
		a.check(err)
		trust["trust/allowed_signers"] = "* " + string(key)
	}
	out := map[string]string{
		"ringfence.cue":                          fmt.Sprintf(arenaSettings, settings, a.path("fleet.yaml"), a.path("sim.json"), a.path("hosts.log"), a.takes, string(a.points)),
		"plugins/fleet":                          fmt.Sprintf("#!/bin/sh\nexec '%s' %s\n", self, serveArg),
		"tenants/" + arenaTenant + "/tenant.cue": a.tenant(),
		"tenants/" + arenaTenant + "/hosts.yaml": a.hostsFile(),
	}
	for path, text := range trust {
		out[path] = text
	}
	return out
}

const arenaSettings = `package ringfence

import "ringfence.dev/policy"

policy.#Settings
%sproviders: sim: {
	path: "./plugins/fleet"
	config: {fleet: %q, state: %q, log: %q, takes: "%s", points: %q}
}
`

func (a *arena) hostsFile() string {
	var b strings.Builder
	b.WriteString("hosts:\n")
	for _, h := range a.names() {
		f := strings.Split(h, "-")
		fmt.Fprintf(&b, "  - {name: %s, providers: [sim], labels: {site: %s, tier: %s}}\n", h, f[0], f[1])
	}
	return b.String()
}

func (a *arena) tenant() string {
	var b strings.Builder
	b.WriteString("package acme\n\nimport \"ringfence.dev/policy\"\n\ntenant: acme: policy.#Tenant & {\n\ttimezone: \"UTC\"\n\thosts: [\"hosts.yaml\"]\n" +
		"\twindows: anytime: always: true\n\tapproval: security: {match: classification: [\"security\"], approve: after: \"0s\"}\n")
	for i, r := range a.rings {
		more := ""
		if i > 0 {
			more = fmt.Sprintf("requires: %s: {succeeded: \"50%%\", minSucceeded: 1, soak: \"0s\"}\n", a.rings[i-1])
		}
		if a.reboot {
			more += "reboot: \"if-required\"\n"
		}
		fmt.Fprintf(&b, "\trings: %s: {\nselect: tier: %q\nwindow: \"anytime\"\nmaxUnavailable: %d\nstopAtFailures: 50\n%s}\n", r, r, a.budget, more)
	}
	return b.String() + "}\n"
}

// slow lets the clock go on at a clock's pace.
func (a *arena) slow() {
	now := time.Now()
	a.clock = machineClock{origin: now, speed: 1, ahead: a.clock.now().Sub(now)}
}

// later moves every machine's clock.
func (a *arena) later(d time.Duration) { a.clock.ahead += d }

// command is a run of the program on a machine: the real program as long as the arena's clock is the machine's.
func (a *arena) command(machine string, args ...string) *exec.Cmd {
	c := exec.Command(a.real(), append(args, "--json")...)
	c.Dir = a.path(machine)
	c.Env = append(os.Environ(), "RINGFENCE_RUNNER="+machine)
	if a.clock.speed != 1 || a.clock.ahead != 0 {
		self, err := os.Executable()
		a.check(err)
		c.Path = self
		c.Env = append(c.Env, programEnv+"=1", a.clock.env())
	}
	if a.signed {
		c.Env = append(c.Env, "RINGFENCE_SIGNING_KEY="+a.path("key"))
	}
	c.Stdout, c.Stderr = new(bytes.Buffer), new(bytes.Buffer)
	return c
}

// live runs a command to its end.
func (a *arena) live(machine string, args ...string) (code int, out string) {
	a.Helper()
	c := a.command(machine, args...)
	_ = c.Run()
	return a.ended(machine, c)
}

// ended notes how a command that ran ended.
func (a *arena) ended(machine string, c *exec.Cmd) (code int, out string) {
	out = fmt.Sprint(c.Stdout) + fmt.Sprint(c.Stderr)
	code = c.ProcessState.ExitCode()
	a.note("%s: %s: exit %d%s", machine, strings.Join(c.Args[1:], " "), code, complaints(out, code))
	a.sane(code, out)
	return code, out
}

// sane: the program did not panic and, built with -race, found no data race.
func (a *arena) sane(code int, out string) {
	a.Helper()
	if strings.Contains(out, "DATA RACE") || strings.Contains(out, "goroutine 1 [") || code == 66 {
		a.Errorf("the program went wrong: exit %d\n%s", code, out)
	}
}

// complaints are the lines of a stream that say what was wrong.
func complaints(out string, code int) string {
	if code == command.ExitOK {
		return ""
	}
	var b strings.Builder
	for line := range strings.Lines(out) {
		if strings.Contains(line, `"diagnostic"`) || !strings.HasPrefix(line, "{") {
			b.WriteString("\n\t" + strings.TrimSpace(line))
		}
	}
	return b.String()
}
