//go:build linux

package killloop

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/demo"
	"github.com/ringfence/ringfence/internal/lab"
)

// TestLab kills runners of real Debian hosts: ssh breaks under apt, and only the hosts know what became of it.
func TestLab(t *testing.T) {
	t.Parallel()
	lab.Require(t)
	eachWorld(t, labKills, labWorld, func(t *testing.T, seed int64) {
		w := newWorld(t, seed)
		h := newLabHosts(w)
		w.open(h)
		for range labPackages {
			w.round(labWorld / len(labPackages))
		}
	})
}

// labPackages are real updates that the lab's hosts lack. They are held until their round.
var labPackages = [][]string{{"libexpat1", "liblzma5"}, {"libpcre2-8-0", "tzdata"}}

// labTenants are the tenants of h1, h2, h3.
var labTenants = []string{"alpha", "alpha", "beta"}

type labHosts struct {
	*lab.Lab
	w        *world
	rounds   int
	released []string // name@version
}

func newLabHosts(w *world) *labHosts {
	w.Helper()
	l, err := lab.Up(context.Background(), lab.Config{Hosts: len(labTenants)})
	w.check(err)
	h := &labHosts{Lab: l, w: w}
	w.Cleanup(func() {
		if w.Failed() && *keepFlag {
			h.keep()
		}
		w.check(l.Down())
	})
	for _, host := range l.Hosts() {
		w.check(host.Hold(w.Context(), slices.Concat(labPackages...)...))
	}
	return h
}

func (h *labHosts) env() []string { return []string{"RINGFENCE_SSH_KEY=" + h.ClientKey()} }

// pace: an apt takes a second or two, and most of the kills shall strike while one runs.
func (h *labHosts) pace() time.Duration { return 1500 * time.Millisecond }

func (h *labHosts) files() map[string]string {
	out := policyFiles("")
	var list []demo.Host
	for i, host := range h.Hosts() {
		list = append(list, demo.Host{Tenant: labTenants[i], Name: host.Name, Address: strings.TrimSuffix(host.Addr, ":22"), Tier: "test"})
	}
	for path, raw := range demo.RealFleet("patch", h.KnownHosts(), list) {
		out[path] = string(raw)
	}
	return out
}

func (h *labHosts) release() {
	h.w.Helper()
	names := labPackages[h.rounds]
	h.rounds++
	for _, host := range h.Hosts() {
		h.w.check(host.Unhold(h.w.Context(), names...))
	}
	for _, name := range names {
		candidate, err := h.Host(1).Shell(h.w.Context(), "apt-get -qq update; apt-cache policy "+name+" | sed -n 's/ *Candidate: //p'")
		h.w.check(err)
		h.released = append(h.released, name+"@"+strings.TrimSpace(candidate))
	}
}

func (h *labHosts) updates() []string { return h.released }

func (h *labHosts) per() map[string]int {
	out := map[string]int{}
	for _, t := range labTenants {
		out[t]++
	}
	return out
}

// changes are what dpkg itself wrote down: "2026-11-21 10:00:00 upgrade libexpat1:amd64 2.5.0-1 2.5.0-1+deb12u1".
func (h *labHosts) changes() []change {
	h.w.Helper()
	var out []change
	for _, host := range h.Hosts() {
		log, err := host.Shell(h.w.Context(), "cat /var/log/dpkg.log")
		h.w.check(err)
		for line := range strings.Lines(log) {
			f := strings.Fields(line)
			if len(f) == 6 && f[2] == "upgrade" {
				name, _, _ := strings.Cut(f[3], ":")
				out = append(out, change{host: host.Name, what: name + "@" + f[5]})
			}
		}
	}
	return out
}

// actions are those that the hosts' supervisors were asked to start.
func (h *labHosts) actions() []string {
	h.w.Helper()
	var out []string
	for _, host := range h.Hosts() {
		names, err := host.Shell(h.w.Context(), "cd /var/lib/ringfence/actions && ls -d sha256-*")
		h.w.check(err)
		for name := range strings.FieldsSeq(names) {
			id := strings.Split(name, "-") // sha256-HEX, or sha256-HEX-2 for an action's second command
			out = append(out, id[0]+":"+id[1])
		}
	}
	return out
}

func (h *labHosts) sound(c change) string {
	h.w.Helper()
	host, err := h.ByName(c.host)
	h.w.check(err)
	name, version, _ := strings.Cut(c.what, "@")
	got, err := host.DpkgVersion(h.w.Context(), name)
	h.w.check(err)
	if got != version {
		return "dpkg says " + got
	}
	audit, err := host.Shell(h.w.Context(), "dpkg --audit")
	h.w.check(err)
	return audit
}

// keep copies what the hosts say of themselves to the folder of the world.
func (h *labHosts) keep() {
	for _, host := range h.Hosts() {
		text, _ := host.Shell(context.Background(), "tail -n 40 /var/log/dpkg.log; tail -n +1 /var/lib/ringfence/actions/*/claim /var/lib/ringfence/actions/*/status")
		_ = os.WriteFile(filepath.Join(h.w.dir, host.Name+".txt"), []byte(text), 0o600)
	}
}
