package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/transport"
	"github.com/ringfence/ringfence/internal/untrusted"
)

func newHosts(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "hosts",
		Short: "Work with a tenant's hosts files",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newEnroll(a), newImport(a))
	return c
}

func newEnroll(a *app) *cobra.Command {
	var tenant string
	c := &cobra.Command{
		Use:   "enroll",
		Short: "Write the hosts' SSH keys to the tenant's known_hosts, for review",
		Long: `Asks every host of the working folder's policy for its SSH host key, without logging in, and writes new ones to
tenants/<tenant>/known_hosts. Nothing trusts them before the file is committed: compare the printed fingerprints with
the hosts' own first. A host whose key changed keeps its old line and is reported (exit 3). The jump hosts that
~/.ssh/config names are asked too; what lies behind one can be asked once its key is committed.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.enroll(c.Context(), tenant) },
	}
	c.Flags().StringVar(&tenant, "tenant", "", "the `TENANT` whose hosts to ask (default: the only one)")
	return c
}

func (a *app) enroll(ctx context.Context, tenant string) error {
	ws, err := a.folder(ctx)
	if err != nil {
		return err
	}
	t, err := a.tenant(ws, tenant)
	if err != nil {
		return err
	}
	old, err := knownHosts(ws.tree, t.Name)
	if err != nil {
		return err
	}
	ssh, err := transport.NewSSH(a.sshConfig(t.Name, old))
	if err != nil {
		return diag.New(diag.BadSettings, "%v", err)
	}
	updated, list, err := transport.Enroll(ctx, withJumps(targets(t), ssh.Jumps), old, ssh.HostKey)
	if err != nil {
		return diag.New(diag.BadSettings, "%v", err)
	}
	path := tenantFile(t.Name, "known_hosts")
	changed := a.enrolled(list)
	if string(updated) != string(old) {
		if err := writeReviewed(ws.repo.Root(), path, updated); err != nil {
			return err
		}
		a.out.say("wrote %s\nnext: compare the fingerprints with the hosts' own, then git add %s && git commit", path, phrase.Word(path))
	} else {
		a.out.say("nothing to add to %s", path)
	}
	if changed > 0 {
		return fail(ExitDenied, diag.New(diag.HostKeyMismatch, "%s another key than the known one; the old lines stay", showing(changed)).
			WithFix("find out why; if the change is right, delete the old line from %s and enroll again", path))
	}
	return nil
}

// showing begins a sentence of what so many hosts show.
func showing(n int) string {
	if n == 1 {
		return "1 host shows"
	}
	return phrase.Count(n, "host") + " show"
}

func targets(t *policy.Tenant) []transport.Target {
	var out []transport.Target
	for _, h := range t.Hosts {
		if h.Address != "" {
			out = append(out, transport.Target{Tenant: t.Name, Name: h.Name, Address: h.Address, User: h.User, Credential: h.Credential})
		}
	}
	return out
}

// withJumps adds the jump hosts on the way, each once: nobody behind one is reached before its key is known. A target
// whose way cannot be told says so itself when it is asked.
func withJumps(list []transport.Target, jumps func(transport.Target) ([]transport.Target, error)) []transport.Target {
	out := slices.Clone(list)
	for _, t := range list {
		way, _ := jumps(t)
		for _, j := range way {
			if !slices.ContainsFunc(out, func(x transport.Target) bool { return x.Address == j.Address }) {
				out = append(out, j)
			}
		}
	}
	return out
}

// enrolled prints what each host showed, or why it showed nothing, and counts the changed keys.
func (a *app) enrolled(list []transport.Enrolled) int {
	changed := 0
	for _, e := range list {
		if e.State == transport.KeyChanged {
			changed++
		}
		said := strings.TrimSpace(e.KeyType + " " + untrusted.Line(e.Fingerprint, 100))
		fields := event{"host": e.Host, "address": e.Address, "state": e.State, "keyType": e.KeyType, "fingerprint": e.Fingerprint}
		if said == "" && e.Err != nil {
			said = untrusted.Line(e.Err.Error(), 300)
			fields["reason"] = said
		}
		if a.json {
			a.out.emit("progress", e.Host, fields)
			continue
		}
		fmt.Fprintf(a.Stdout, "%-11s %s %s %s\n", e.State, e.Host, e.Address, said)
	}
	return changed
}
