// Package demo plays the main job through the real program: a policy repository, a scan, plans and applies through the
// rings on the tenants' test clocks, and a report. It prints each command before it runs it, so that a person can
// repeat it, and stops at the first one that does not end as told.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/ringfence/ringfence/internal/phrase"
)

// Options say what to play where.
type Options struct {
	Binary string   // the ringfence program
	Dir    string   // the policy repository to make; must be empty or new
	Fleet  Fleet    // files laid over the scaffold: hosts files, test clocks, provider settings
	Story  []Step   // what to do after the repository stands
	Env    []string // of the commands; nil: this process's
	Out    io.Writer
}

// Step is one command: ringfence with Args, or another program when Program is set. Want is the exit code that tells
// the story; any other one stops the demo.
type Step struct {
	Say     string
	Program string
	Args    []string
	Want    int
}

// Run plays the demo.
func Run(ctx context.Context, o Options) error {
	p := player{Options: o, ctx: ctx}
	p.do(Step{Say: "A policy repository: a baseline, two tenants, windows, gates. It compiles as it stands.", Args: []string{"init", o.Dir}})
	p.do(Step{Say: "Compile it, and run its own tests.", Args: []string{"check"}})
	p.do(Step{Args: []string{"test"}})
	p.overlay()
	for _, s := range o.Story {
		p.do(s)
	}
	if p.err == nil {
		p.whereToLook()
	}
	return p.err
}

const epilogue = `Where to look now:
  cd DIR
  git log ringfence/ledger/acme                        the record: who got what, when, under which policy
  git show ringfence/ledger/acme:run/record.json       the newest record as JSON
  ringfence report --format markdown                   the report as a pull request would show it
  ringfence show --policy acme                         the policy that did this, in plain English
  less tenants/acme/tenant.cue baseline/baseline.cue   and as it is written
Change the policy, run "ringfence check", commit, and plan again.`

// whereToLook ends the demo with commands that work as they stand, also where ringfence is not on PATH yet.
func (p *player) whereToLook() {
	text := strings.ReplaceAll(epilogue, "DIR", phrase.Word(p.Dir))
	if found, err := exec.LookPath("ringfence"); err != nil || !same(found, p.Binary) {
		text = strings.Replace(text, "\n", fmt.Sprintf("\n  export PATH=%s:\"$PATH\"\n", phrase.Word(filepath.Dir(p.Binary))), 1)
	}
	p.say(text)
}

func same(one, other string) bool {
	a, errA := os.Stat(one)
	b, errB := os.Stat(other)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

type player struct {
	Options
	ctx context.Context
	err error
}

func (p *player) say(s string) { fmt.Fprintf(p.Out, "\n# %s\n", strings.ReplaceAll(s, "\n", "\n# ")) }

// overlay lays the fleet's files over the scaffold and commits them: the demo's only difference from a fresh init.
func (p *player) overlay() {
	if p.err != nil {
		return
	}
	p.say("The hosts of this demo and a test clock for both tenants, in a commit of their own.")
	p.err = p.Fleet.Write(p.Dir)
	p.do(Step{Program: "git", Args: []string{"add", "--all"}})
	p.do(Step{Program: "git", Args: []string{"-c", "user.name=Demo", "-c", "user.email=demo@localhost", "commit", "--quiet", "-m", "Try it on a demo fleet"}})
	p.do(Step{Program: "git", Args: []string{"show", "--stat", "--oneline", "HEAD"}})
}

func (p *player) do(s Step) {
	if p.err != nil {
		return
	}
	if s.Say != "" {
		p.say(s.Say)
	}
	binary, shown := p.Binary, "ringfence"
	if s.Program != "" {
		binary, shown = s.Program, s.Program
	}
	fmt.Fprintf(p.Out, "$ %s %s\n", shown, strings.Join(quoted(s.Args), " "))
	c := exec.CommandContext(p.ctx, binary, s.Args...)
	c.Stdout, c.Stderr, c.Env = p.Out, p.Out, p.Env
	if _, err := os.Stat(p.Dir); err == nil && s.Args[0] != "init" {
		c.Dir = p.Dir
	}
	p.err = ended(c.Run(), s)
	if p.err == nil && s.Want != 0 {
		fmt.Fprintf(p.Out, "(exit %d)\n", s.Want)
	}
}

func ended(err error, s Step) error {
	code := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		code, err = failed.ExitCode(), nil
	}
	if err == nil && code != s.Want {
		err = fmt.Errorf("%s: exit code %d, expected %d", strings.Join(s.Args, " "), code, s.Want)
	}
	return err
}

// quoted shows arguments as a person would type them.
func quoted(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = a
		if strings.Contains(a, " ") {
			out[i] = `"` + a + `"`
		}
	}
	return out
}
