// Package main_test tells the behaviour of the program as scripts: one story each, in testdata/script. The program is
// this test binary under the name ringfence, so every script runs real processes, plugins included.
package main_test

import (
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ringfence/ringfence/internal/command"
	"github.com/ringfence/ringfence/internal/transport/sshtest"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/providers/plugin"
	"github.com/ringfence/ringfence/providers/sim"
)

var update = flag.Bool("update", false, "write what the program prints into the scripts' expectations")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"ringfence": func() { os.Exit(command.Main(os.Args[1:], unhurried())) },
		"defs":      func() { plugin.Serve(defs{sim.New()}) },
	})
}

// unhurried is the system with a clock that goes slowly: scripts name instants and read them again to the second, and a
// busy machine takes several seconds between two looks at its clock. Where time has to pass, a script sets HURRY; SHIFT is
// by how much the clock is wrong.
func unhurried() command.Env {
	env, began, slower := command.System(), time.Now(), time.Duration(100)
	if os.Getenv("HURRY") != "" {
		slower = 1
	}
	wrong, _ := time.ParseDuration(os.Getenv("SHIFT"))
	env.Now = func() time.Time { return began.Add(wrong + time.Since(began)/slower) }
	return env
}

// defs is a second provider: a simulated fleet of its own, which it cannot reboot.
type defs struct{ *sim.Provider }

func (d defs) Describe(ctx context.Context) (providers.Description, error) {
	out, err := d.Provider.Describe(ctx)
	out.Name, out.CanReboot = "defs", false
	return out, err
}

func TestScript(t *testing.T) {
	template = smallPolicy(t)
	sshAddress = sshtest.NewServer(t, func(string, io.Writer, io.Writer) int { return 0 }).Addr()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", Setup: setup, Cmds: verbs,
		UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
	})
}

// sshAddress is where a host answers with SSH: $SSHD in a script.
var sshAddress string

// verbs are the scripts' own commands beside those of testscript.
var verbs = map[string]func(*testscript.TestScript, bool, []string){
	"exits":      exits,
	"refuses":    refuses,
	"interrupts": interrupts,
	"gitinit":    gitInit,
	"commit":     commit,
	"policy":     policy,
	"replace":    replace,
	"fleet":      changeFleet,
	"hoststate":  hostState,
	"ledger":     checkLedger,
	"mark":       mark,
	"unchanged":  unchanged,
	"scrub":      scrub,
	"stream":     stream,
	"repeat":     repeat,
	"crlf":       crlf,
	"conforms":   conforms,
	"agrees":     agrees,
}

// setup gives each script a home of its own, so that nothing of this machine's Git or SSH settings is read.
func setup(e *testscript.Env) error {
	home := filepath.Join(e.WorkDir, ".home")
	e.Setenv("HOME", home)
	e.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	e.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	e.Setenv("SSHD", sshAddress)
	second, err := filepath.Abs("../../docs/verify/verify.py")
	if err != nil {
		return err
	}
	e.Setenv("VERIFY", second)
	e.Setenv("GIT_CEILING_DIRECTORIES", e.WorkDir)
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(home, ".gitconfig"), []byte("[user]\nname = Pat\nemail = pat@msp.example\n"), 0o644); err != nil {
		return err
	}
	return shortTemp(e)
}

// shortTemp keeps the sockets of plugins below the length that the system allows: a script's own folder is deep.
func shortTemp(e *testscript.Env) error {
	dir, err := os.MkdirTemp("", "rf")
	if err != nil {
		return err
	}
	e.Setenv("TMPDIR", dir)
	e.Defer(func() { _ = os.RemoveAll(dir) }) // what is left of it is the system's to clean
	return nil
}
