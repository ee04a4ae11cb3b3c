//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/ringfence/ringfence/internal/lab"
)

// enter starts this program again inside and there brings up hosts for the length of a command.
func enter(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("labctl enter", flag.ContinueOnError)
	hosts := flags.Int("hosts", 3, "how many hosts")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := lab.Enter(); err != nil {
		return err
	}
	start := time.Now()
	l, err := lab.Up(ctx, lab.Config{Hosts: *hosts})
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "labctl: %d hosts up in %.1f s\n", *hosts, time.Since(start).Seconds())
	return errors.Join(with(ctx, l, flags.Args()), l.Down())
}

// with runs the command with what it needs to find the hosts in its environment.
func with(ctx context.Context, l *lab.Lab, argv []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	env, err := environment(ctx, l)
	if err != nil {
		return err
	}
	if len(argv) == 0 {
		argv = []string{"bash"}
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = os.Stdin, os.Stdout, os.Stderr, env
	return cmd.Run()
}

func environment(ctx context.Context, l *lab.Lab) ([]string, error) {
	control, err := l.Control(ctx)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(l.ClientKey())
	hosts := filepath.Join(dir, "hosts.json")
	if err := os.WriteFile(hosts, l.HostsFile(), 0o644); err != nil {
		return nil, err
	}
	return append(os.Environ(),
		"LAB_HOSTS_FILE="+hosts,
		"LAB_KNOWN_HOSTS="+filepath.Join(dir, "known_hosts"),
		"LAB_SSH_CONFIG="+l.SSHConfig(),
		"RINGFENCE_SSH_KEY="+l.ClientKey(),
		lab.ControlVar+"="+control,
		"PATH="+filepath.Dir(self)+":"+os.Getenv("PATH")), nil
}
