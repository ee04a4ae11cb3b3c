//go:build linux

package killloop

import (
	"os"
	"slices"
	"time"

	"github.com/ringfence/ringfence/internal/programfile"
)

// fails is a host whose installation goes wrong once, each time differently.
const (
	failsOnce = "  - {host: main-test-1, kind: fail-install, times: 1}\n"
	partly    = "  - {host: main-test-1, kind: in-doubt, times: 1}\n"
	lies      = "  - {host: main-test-1, kind: lie-done, times: 1}\n"
	crashes   = "  - {host: main-test-1, kind: crash-plugin, times: 1}\n"
	noReboot  = "  - {host: main-test-1, kind: reboot-fails, times: 1}\n"
	away      = "  - {host: main-test-1, kind: unreachable, verb: apply, times: 1}\n"
)

var (
	runIt    = []string{"run", "--tenant", arenaTenant}
	scanIt   = []string{"scan", "--tenant", arenaTenant}
	resumeIt = []string{"apply", "--resume", "--tenant", arenaTenant}
	failIt   = []string{"fail", "--tenant", arenaTenant, "main-test-1", "openssl", "--reason", "the shop is down"}
)

// scenarios are the commands that write, in the situations in which they write different things.
var scenarios = []scenario{
	{name: "local first scan", shape: shape{local: true}, args: scanIt},
	{name: "local run", shape: shape{local: true}, args: runIt, quick: true},
	{name: "local run of two hosts", shape: shape{local: true, hosts: 2}, args: runIt},
	{name: "local run of the second ring", shape: shape{local: true, rings: twoRings}, setup: ranOnce, args: runIt},
	{name: "local failing host", shape: shape{local: true, faults: failsOnce}, args: runIt},
	{name: "local host in doubt", shape: shape{local: true, faults: partly}, args: runIt},
	{name: "local reboot", shape: shape{local: true, reboot: true}, args: runIt},
	{name: "local apply of a file", shape: shape{local: true}, setup: planned, args: []string{"apply", "../plan.json"}},
	{name: "local resume", shape: shape{local: true, hosts: 2}, setup: killed, args: resumeIt},
	{name: "local late failure", shape: shape{local: true}, setup: ranOnce, args: failIt},
	{name: "local halt", shape: shape{local: true}, args: []string{"halt", "--reason", "stop"}},
	{name: "local unhalt", shape: shape{local: true}, setup: halted, args: []string{"unhalt", "--reason", "go on"}},
	{name: "local signed run", shape: shape{local: true, signed: true}, args: runIt},
	{name: "first scan", args: scanIt},
	{name: "run", args: runIt, quick: true},
	{name: "run of two hosts", shape: shape{hosts: 2}, args: runIt},
	{name: "run of the second ring", shape: shape{rings: twoRings}, setup: ranOnce, args: runIt},
	{name: "run with nothing due", setup: ranOnce, args: runIt},
	{name: "failing host", shape: shape{faults: failsOnce}, args: runIt},
	{name: "host in doubt", shape: shape{faults: partly}, args: runIt},
	{name: "host that lies", shape: shape{faults: lies}, args: runIt},
	{name: "host that is away", shape: shape{faults: away}, args: runIt},
	{name: "plugin that crashes", shape: shape{faults: crashes}, args: runIt},
	{name: "reboot", shape: shape{reboot: true}, args: runIt},
	{name: "reboot that fails", shape: shape{reboot: true, faults: noReboot}, args: append(slices.Clone(runIt), "--reboot-wait", "1s")},
	{name: "apply of a file", setup: planned, args: []string{"apply", "../plan.json"}},
	{name: "resume", shape: shape{hosts: 2}, setup: killed, args: resumeIt, quick: true},
	{name: "resume of another machine's", shape: shape{hosts: 2}, setup: killedOfB, args: resumeIt},
	{name: "takeover of a lease that ended", shape: shape{hosts: 2}, setup: expiredOfB, args: runIt},
	{name: "late failure", setup: ranOnce, args: failIt},
	{name: "halt", args: []string{"halt", "--reason", "stop"}},
	{name: "unhalt", setup: halted, args: []string{"unhalt", "--reason", "go on"}},
	{name: "run under a halt", setup: halted, args: runIt},
	{name: "signed run", shape: shape{signed: true}, args: runIt},
	{name: "two sites", shape: shape{sites: []string{"north", "south"}}, args: []string{"run", "--all"}},
	{name: "own records on top of others", setup: forked, args: runIt, quick: true},
	{name: "push of what stayed here", setup: forked, args: []string{"ledger", "push", "--tenant", arenaTenant}},
	{name: "pull into a new clone", setup: ranAtB, args: []string{"ledger", "pull"}},
	{name: "release of a lease", shape: shape{hosts: 2}, setup: killedOfB, args: []string{"locks", "--release", arenaTenant + "/main"}},
}

var twoRings = []string{"test", "broad"}

func (a *arena) mustLive(machine string, args ...string) {
	a.Helper()
	if code, out := a.live(machine, args...); code != 0 {
		a.Fatalf("%s: %v: exit %d\n%s", machine, args, code, out)
	}
}

func ranOnce(a *arena) { a.mustLive("a", runIt...) }
func ranAtB(a *arena)  { a.mustLive("b", runIt...) }
func halted(a *arena)  { a.mustLive("a", "halt", "--reason", "stop") }

func planned(a *arena) {
	a.mustLive("a", scanIt...)
	a.mustLive("a", "plan", "--tenant", arenaTenant, "-out", a.path("plan.json"))
}

// killed leaves a run of a in the middle of its first host, with the journal's word for it.
func killed(a *arena)    { a.killedAtStart("a") }
func killedOfB(a *arena) { a.killedAtStart("b") }

// expiredOfB is the same a day later; nobody asks whether the lease's holder still lives.
func expiredOfB(a *arena) {
	a.killedAtStart("b")
	a.later(25 * time.Hour)
}

func (a *arena) killedAtStart(machine string) {
	a.Helper()
	a.points.arm(a.T, 1, before)
	c := a.command(machine, runIt...) // its own git: the only point is the start
	if !a.points.strikeAt(a.T, c, 0) {
		a.Fatalf("no start was reached\n%s%s", c.Stdout, c.Stderr)
	}
	a.ended(machine, c)
}

// forked leaves a scan in a's clone that the remote refused, and one of b on the remote.
func forked(a *arena) {
	hook := a.path("remote.git", "hooks", "pre-receive")
	a.check(programfile.Write(hook, []byte("#!/bin/sh\n! grep -q refs/heads/ringfence/ledger\n")))
	a.live("a", scanIt...)
	a.check(os.Remove(hook))
	a.later(time.Hour)
	a.mustLive("b", scanIt...)
	if n := a.must(a.path("a"), "git", "rev-list", "--count", "ringfence/ledger/"+arenaTenant); n != "1\n" {
		a.Fatalf("%q records stayed here", n)
	}
}
