package command

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/fleet"
	"github.com/ringfence/ringfence/providers/plugin"
)

func newProvider(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "provider",
		Short: "List, pin and serve providers",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newProviderList(a), newProviderLock(a), newProviderServe())
	return c
}

func newProviderServe() *cobra.Command {
	return &cobra.Command{
		Use:   "serve NAME",
		Short: "Be the plugin process of a built-in provider; ringfence starts this itself",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p := fleet.Make(args[0])
			if p == nil {
				return diag.New(diag.ProviderMissing, "there is no built-in provider %q", args[0]).
					WithFix("built in are %s", strings.Join(fleet.Names(), ", "))
			}
			if !plugin.Started() {
				return usage(c, fmt.Errorf("ringfence starts provider %s itself; by hand it serves nobody", args[0]))
			}
			plugin.Serve(p)
			return nil
		},
	}
}

func newProviderList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the built-in providers and those that ringfence.cue names",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ws, err := a.folder(c.Context())
			if err != nil { // outside a repository there are only the built-in ones
				a.builtIn(policy.Settings{})
				return nil
			}
			set, err := a.settings(ws)
			if err != nil {
				return err
			}
			a.builtIn(set)
			lock, err := readLock(ws.tree)
			if err != nil {
				return err
			}
			for _, p := range set.Providers {
				if p.Path != "" {
					pin := lock.Providers[p.Name].Checksums[fleet.Platform()]
					if pin == "" {
						pin = "not pinned: ringfence provider lock " + p.Name
					}
					a.providerLine(p.Name, p.Path, pin)
				}
			}
			return nil
		},
	}
}

// builtIn lists the built-in providers whose place no program of the settings takes.
func (a *app) builtIn(s policy.Settings) {
	for _, name := range fleet.Names() {
		if set, _ := s.Provider(name); set.Path == "" {
			a.providerLine(name, "built in", "")
		}
	}
}

func (a *app) providerLine(name, where, pin string) {
	if a.json {
		a.out.emit("progress", name, event{"provider": name, "where": where, "pin": pin})
		return
	}
	fmt.Fprintln(a.Stdout, strings.TrimSpace(fmt.Sprintf("%-10s %s  %s", name, where, pin)))
}

func newProviderLock(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "lock NAME",
		Short: "Pin a third-party provider's checksum in ringfence.lock.json, for review",
		Long: `Measures the program that ringfence.cue names for provider NAME and writes its SHA-256 for this platform to
ringfence.lock.json. Only a program with the committed checksum is ever started.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.lock(c, args[0]) },
	}
}

func (a *app) lock(c *cobra.Command, name string) error {
	ws, err := a.folder(c.Context())
	if err != nil {
		return err
	}
	all, err := a.settings(ws)
	if err != nil {
		return err
	}
	set, _ := all.Provider(name)
	if set.Path == "" {
		return diag.New(diag.ProviderMissing, "ringfence.cue names no program for provider %q", name).
			WithFix("add providers: %s: path: \"/path/to/program\"; built-in providers need no pin", name)
	}
	lock, err := readLock(ws.tree)
	if err != nil {
		return err
	}
	sum, err := fleet.Checksum(join(ws.repo.Root(), set.Path))
	if err != nil {
		return diag.New(diag.ProviderMissing, "provider %s: %s cannot be read: %s", name, set.Path, plainly(err)).
			WithFix("correct providers: %s: path in ringfence.cue", name)
	}
	lock.Pin(name, fleet.Platform(), sum)
	raw, err := json.MarshalIndent(lock, "", "  ")
	if err != nil {
		return err
	}
	if err := writeReviewed(ws.repo.Root(), fleet.LockFile, append(raw, '\n')); err != nil {
		return err
	}
	a.out.event("progress", event{"provider": name, "checksum": sum}, "pinned %s for %s: %s\nnext: review and commit %s", name, fleet.Platform(), sum, fleet.LockFile)
	return nil
}
