//go:build linux

package apt

import (
	"context"
	"testing"

	"github.com/ringfence/ringfence/internal/lab"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/providers/providertest"
)

// TestLabSuite runs the suite that every provider passes, against real hosts.
func TestLabSuite(t *testing.T) {
	lab.Require(t)
	const checks = 16 // of the suite, or a few more: each has hosts of its own
	l, err := lab.Up(t.Context(), lab.Config{Hosts: checks})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Down()
	next := 0
	providertest.Run(t, func(t *testing.T) providertest.World {
		w := &world{t: t, l: l, hosts: map[string]*labHost{}, next: &next}
		ref := func(name string) providers.HostRef { return providers.HostRef{Tenant: "lab", Name: name} }
		return providertest.World{
			Provider: New(), Exec: w.exec,
			Missing: ref("missing"), PullsIn: ref("newdep"), PullsInPackage: "lab-newdep", Held: ref("held"), Unreachable: ref("off"),
		}
	})
}

// world gives a check its hosts when it first speaks to them: few checks need all.
type world struct {
	t     *testing.T
	l     *lab.Lab
	hosts map[string]*labHost
	next  *int
}

// labHost notes that it was told to reboot, as the core would: the next call waits for it.
type labHost struct {
	*lab.Host
	providers.Exec
	rebooting string // the boot id it had
}

func (h *labHost) Run(ctx context.Context, command string, args map[string][]string) (providers.Output, error) {
	if command == cmdReboot || command == cmdRebootPlain {
		h.rebooting = h.BootID()
	}
	return h.Exec.Run(ctx, command, args)
}

func (w *world) exec(ref providers.HostRef) providers.Exec {
	if ref.Name == "off" {
		return off{}
	}
	h := w.hosts[ref.Name]
	if h == nil {
		*w.next++
		h = &labHost{Host: w.l.Host(*w.next)}
		w.hosts[ref.Name] = h
		stage := map[string]stage{"newdep": stages["newdep"], "held": stages["held"]}[ref.Name]
		w.must(stage.set(w.t.Context(), w.l, h.Host))
		_, err := h.Host.Run(w.t.Context(), "apt-get", "-qq", "--error-on=any", "update")
		w.must(err)
	}
	if h.rebooting != "" {
		w.must(h.WaitReboot(w.t.Context(), h.rebooting))
		h.rebooting = ""
	}
	h.Exec = broker(w.t, w.l, h.Host)
	return h
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// off is a host that is switched off.
type off struct{}

func (off) Run(context.Context, string, map[string][]string) (providers.Output, error) {
	return providers.Output{}, providers.ErrUnreachable
}
