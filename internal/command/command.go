// Package command is the command line: one verb, one file. It alone prints, exits and knows cobra. A verb is a
// function of its Env, so tests run the whole program in-process.
//
// The pipeline that every verb enters somewhere is in pipeline.go.
package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/answercache"
	"github.com/ringfence/ringfence/internal/limited"
	"github.com/ringfence/ringfence/runner/ledger/control"
	"github.com/ringfence/ringfence/runner/ledger/lease"
)

// Env is everything that the program touches of the outside besides files, Git and hosts.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Dir            string           // working folder
	Now            func() time.Time // machine time
	Executable     string           // this binary, for the built-in providers
	// Signals are the interrupts of a person or a supervisor, in order of arrival.
	Signals <-chan os.Signal
	// Terminal says whether Stderr is one: colour and live progress only then.
	Terminal bool
	// Columns is the width of that terminal, 0 if it is not known; nil: never known.
	Columns func() int
	// Ticker returns a channel that ticks, and what ends it; nil: the system's.
	Ticker func(every time.Duration) (<-chan time.Time, func())
}

// System is the environment of the process.
func System() Env {
	dir, _ := os.Getwd()
	exe, _ := os.Executable()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // a run must not die because nobody reads its output any more
	return Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Dir: dir, Now: time.Now,
		Executable: exe, Signals: signals, Terminal: isTerminal(os.Stderr), Columns: widthOf(os.Stderr),
	}
}

// Main runs the program and returns its exit code.
func Main(args []string, env Env) int {
	if code, ok := sandboxed(args, env); ok {
		return code
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stdout := &sink{to: env.Stdout}
	env.Stdout = stdout
	app := &app{Env: env, stdout: stdout, started: sync.OnceValue(env.Now)}
	app.signals = watch(env.Signals, stopping{
		waiting: app.waiting, cancel: func() { app.cancelling(); cancel() }, kill: os.Exit,
	})
	defer app.closePool()
	root := app.root()
	args = longFlags(root, args)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	app.json = app.json || slices.Contains(args, "--json") // what comes before it may be what was wrong
	return app.end(err)
}

// app is one invocation.
type app struct {
	Env
	chdir   string
	json    bool
	events  string
	named   string // the tenant that --tenant names
	out     *emitter
	stdout  *sink
	started func() time.Time // when a test clock was read first, from where it runs on
	signals *signals

	children *limited.Pool // once they are needed
	said     sync.Map      // diagnostics that were printed and are not to be again
	givenUp  []lease.Held  // leases of ended runs that still stand, because their release did not arrive

	cached     *answercache.Cache // nil if nothing is kept
	cacheKnown bool
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "ringfence",
		Short:         "Patch policy as code: Git in, a plan, patched hosts and a record in Git out",
		Long:          rootHelp,
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return a.begin(c) },
		Args:              cobra.NoArgs,
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	root.SetIn(a.Stdin)
	f := root.PersistentFlags()
	f.StringVarP(&a.chdir, "chdir", "C", "", "run as if started in `DIR`")
	f.BoolVar(&a.json, "json", false, "print events as JSON lines on stdout instead of text; the last line is the result")
	f.StringVar(&a.events, "events", "", "also write the events as JSON lines to `FILE`")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return flagError(c, "", err) })
	for _, verb := range verbs {
		root.AddCommand(verb(a))
	}
	root.SetHelpCommand(newHelp(a))
	withCompletion(root)
	return withUsage(root)
}

// verbs is the table of contents of the program.
var verbs = []func(*app) *cobra.Command{
	newInit, newCheck, newExplain, newFmt, newTest, newHosts, newScan, newPlan, newDiff, newShow, newApply, newRun, newFail, newStatus, newReport, newWindows, newLog, newLedger, newVerify, newBundle, newLocks, newHalt, newUnhalt,
	newProvider, newSchema, newDemo, newVersion,
}

const rootHelp = `Ringfence compiles the patch policy of a Git repository into a plan and turns the plan into a record.

  init → check → scan → plan → apply → report        each step can be entered by hand
  run --all                                          all of it, for whatever is due

Exit codes: 0 ok, 1 error, 2 changes (-detailed-exitcode), 3 denied, 4 approval missing, 5 nothing is due now,
6 plan stale, 7 another run, 8 something due is unfinished, 9 stopped, 10 provider missing or crashed, 64 usage,
130/143 interrupted at a safe point.

Every flag can be set by a variable: --tenant by RINGFENCE_TENANT.`

// withUsage makes wrong arguments a usage error (exit 64) for a verb and its children.
func withUsage(c *cobra.Command) *cobra.Command {
	if args := c.Args; args != nil {
		c.Args = func(c *cobra.Command, list []string) error {
			if args(c, list) != nil {
				return argsError(c, list)
			}
			return nil
		}
	}
	for _, child := range c.Commands() {
		withUsage(child)
	}
	return c
}

// begin runs before every verb: flags from the environment, the working folder, the event streams.
func (a *app) begin(c *cobra.Command) error {
	if err := a.flagsFromEnv(c); err != nil {
		return err
	}
	if f := c.Flags().Lookup("tenant"); f != nil && f.Changed && f.Value.String() != control.Everyone {
		a.named = f.Value.String()
	}
	if err := errors.Join(sensible(c), a.changeDir(a.chdir)); err != nil {
		return usage(c, err)
	}
	out, err := newEmitter(a)
	if err != nil {
		return err
	}
	a.out = out
	return nil
}

// flagsFromEnv gives every flag that was not set the value of RINGFENCE_<FLAG>.
func (a *app) flagsFromEnv(c *cobra.Command) error {
	var failed error
	c.Flags().VisitAll(func(f *pflag.Flag) {
		name := "RINGFENCE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		v := a.Getenv(name)
		if v == "" || f.Changed || f.Name == "help" || failed != nil {
			return
		}
		if err := c.Flags().Set(f.Name, v); err != nil {
			failed = flagError(c, name, err)
		}
	})
	return failed
}

// changeDir makes DIR of -C the working folder.
func (a *app) changeDir(dir string) error {
	if dir == "" {
		return nil
	}
	a.Dir = join(a.Dir, dir)
	if info, err := os.Stat(a.Dir); err != nil || !info.IsDir() {
		return fmt.Errorf("--chdir: there is no folder %s", dir)
	}
	return nil
}

// longFlags turns Terraform's single-dash long flags (-out FILE, -detailed-exitcode) into double-dash ones: pflag
// would read them as bundled short ones. Only names that some verb declares are touched, and nothing after "--".
func longFlags(root *cobra.Command, args []string) []string {
	names := map[string]bool{}
	collectFlags(root, names)
	out := make([]string, len(args))
	for i, arg := range args {
		if arg == "--" {
			copy(out[i:], args[i:])
			return out
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && len(name) > 1 && names[name] {
			arg = "-" + arg
		}
		out[i] = arg
	}
	return out
}

func collectFlags(c *cobra.Command, names map[string]bool) {
	c.Flags().VisitAll(func(f *pflag.Flag) { names[f.Name] = true })
	c.PersistentFlags().VisitAll(func(f *pflag.Flag) { names[f.Name] = true })
	for _, child := range c.Commands() {
		collectFlags(child, names)
	}
}

// end prints what is left to say and returns the exit code.
func (a *app) end(err error) int {
	x := exitOf(err)
	if code := a.signals.code(); code != ExitOK && x.code == ExitError {
		x = &exit{code, diag.New(diag.Stopped, "interrupted; nothing was half written").WithFix("run the command again")}
	}
	if a.out == nil {
		var failed error
		if a.out, failed = newEmitter(a); failed != nil {
			a.events = "" // the events file itself is what failed
			a.out, _ = newEmitter(a)
		}
	}
	if lost := a.stdout.lost(); lost != nil && errors.Is(x.err, lost) {
		x = &exit{code: ExitOK} // what ended the verb is that its output was not taken, which is said below
	}
	if x.err != nil && !errors.Is(x.err, errSaid) {
		a.out.failure(x)
	}
	if d, lost := a.unwritten(a.out.close(x)); lost {
		printDiagnostic(a.Stderr, d, nil)
		return cmp.Or(x.code, ExitError)
	}
	return x.code
}
