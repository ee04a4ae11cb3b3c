//go:build linux

// Labctl builds the lab, opens it to a person, and works its switches. See the README beside package lab.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/ringfence/ringfence/internal/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	code := exitCode(run(ctx, os.Args[1:]))
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string) error {
	verb := "help"
	if len(args) > 0 {
		verb, args = args[0], args[1:]
	}
	switch verb {
	case "build":
		return lab.Build(ctx, lab.Options{Log: os.Stderr})
	case "check":
		return check()
	case "enter":
		return enter(ctx, args)
	case "in":
		return in(args)
	case "ssh":
		return become(append([]string{"ssh", "-F", os.Getenv("LAB_SSH_CONFIG")}, args...))
	case "help", "-h", "--help":
		help()
		return nil
	}
	return ask(append([]string{verb}, args...))
}

func check() error {
	if err := lab.Available(); err != nil {
		return err
	}
	fmt.Println("ok:", lab.Dir())
	return nil
}

// in executes a command inside a host, with this terminal.
func in(args []string) error {
	if len(args) == 0 {
		return errors.New("labctl in HOST [CMD...]")
	}
	line, err := lab.Ask(os.Getenv(lab.ControlVar), []string{"enter", args[0]})
	if err != nil {
		return err
	}
	if args = args[1:]; len(args) == 0 {
		args = []string{"bash"}
	}
	return become(append(strings.Split(line, "\n"), args...))
}

func become(argv []string) error {
	if os.Getenv(lab.ControlVar) == "" {
		return errOutside
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	return syscall.Exec(path, argv, os.Environ())
}

var errOutside = errors.New("no lab here: this works inside labctl enter")

func ask(words []string) error {
	addr := os.Getenv(lab.ControlVar)
	if addr == "" {
		return errOutside
	}
	out, err := lab.Ask(addr, words)
	if out != "" {
		fmt.Println(out)
	}
	return err
}

func help() {
	fmt.Print(`labctl build                          make the base and the mirror (once, needs a Debian archive)
labctl check                          say whether hosts can be brought up here, or why not
labctl enter [-hosts N] [-- CMD...]   bring up hosts, run CMD (default: a shell) beside them, end all

Inside enter:
  labctl in HOST [CMD...]             run CMD as root of the host, without ssh
  labctl ssh HOST [CMD...]            run CMD over ssh, as user patch
`)
	for _, line := range lab.Verbs() {
		fmt.Println("  labctl", line)
	}
}

// exitCode passes on the code of what enter ran.
func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	}
	fmt.Fprintln(os.Stderr, "labctl:", strings.TrimPrefix(err.Error(), "lab: "))
	return 1
}
