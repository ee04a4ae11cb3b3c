//go:build linux

// Labdemo plays the demo's story on six real Debian hosts of the lab.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ringfence/ringfence/internal/demo"
	"github.com/ringfence/ringfence/internal/lab"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	binary := flag.String("binary", "bin/ringfence", "the ringfence program")
	flag.Parse()
	if err := lab.Enter(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ringfence-demo-")
	if err != nil {
		return err
	}
	l, err := lab.Up(ctx, lab.Config{Hosts: 6})
	if err != nil {
		return err
	}
	defer l.Down()
	return demo.Run(ctx, demo.Options{
		Binary: *binary, Dir: filepath.Join(dir, "policy"), Fleet: fleet(l), Story: demo.Real(), Out: os.Stdout,
		Env: append(os.Environ(), "RINGFENCE_SSH_KEY="+l.ClientKey()),
	})
}

// fleet: one test host of the provider's own lab, three in the customer's pilot, two in production.
func fleet(l *lab.Lab) demo.Fleet {
	tiers := []string{"test", "pilot", "pilot", "pilot", "prod", "prod"}
	var hosts []demo.Host
	for i, h := range l.Hosts() {
		tenant := "acme"
		if tiers[i] == "test" {
			tenant = "msp-lab"
		}
		hosts = append(hosts, demo.Host{Tenant: tenant, Name: h.Name, Address: strings.TrimSuffix(h.Addr, ":22"), Tier: tiers[i]})
	}
	return demo.RealFleet("patch", l.KnownHosts(), hosts)
}
