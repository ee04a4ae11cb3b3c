// Package sim is a provider whose hosts stand in a file: whole rollouts, and every way in which hosts fail, without a
// machine. It behaves like a package manager: the newest published version of an installed package is its missing
// update, a held package does not move, and what a change would pull in beyond its closure stops it untouched.
//
// Settings: "fleet" is the absolute path of the fleet file, which is only read; "state" that of a JSON file in which
// sim keeps what was installed, boots and how often faults struck. Several processes may share it. Instants come from
// the requests and boot ids are derived from the host's name, so the same calls give the same answers everywhere.
//
// # The fleet file
//
//	updates:
//	  - name: openssl
//	    version: 3.0.17-1~deb12u2
//	    arch: amd64                       # default; or all
//	    distro: debian                    # default; goes to hosts whose os starts with it
//	    class: security                   # bugfix, enhancement, definition, driver, feature, unknown (default)
//	    severity: high                    # critical, medium, low, unknown (default)
//	    origin: Debian-Security
//	    released: 2026-11-02T09:00:00Z    # what the source says; absent: unknown
//	    published: 2026-11-02T10:00:00Z   # from when the mirror has it; absent: always
//	    advisories: [DSA-5999-1]
//	    cves: [CVE-2026-1111]
//	    exploited: false
//	    reboot: no                        # default; yes, unknown
//	    depends: [libssl-extra]           # packages pulled in where they are not installed; each needs an entry
//	    restarts: [nginx]
//	    size: 2048                        # bytes to download
//	hosts:
//	  - name: web-%02d                    # with count: web-01, web-02, …
//	    count: 12
//	    tenant: acme                      # absent: any tenant's host of that name
//	    os: debian 12                     # default
//	    arch: amd64                       # default
//	    installed: {openssl: 3.0.11-1~deb12u2}
//	    held: []
//	faults:
//	  - host: web-0*                      # a pattern as of path.Match
//	    tenant: acme                      # absent: any
//	    kind: fail-install
//	    package: openssl                  # which one the fault is about; absent: the first target
//	    verb: apply                       # narrows unreachable, hang, crash-plugin and garbage; else as below
//	    times: 1                          # strikes per host; absent: always
//	    from: 2026-11-03T00:00:00Z        # inclusive, compared with the request's instant
//	    until: 2026-11-04T00:00:00Z       # exclusive; for a reboot the instant is that of the apply before it
//
// Faults, the first that matches strikes: unreachable (every verb) · hang (apply; until the call is cancelled) ·
// crash-plugin (apply; the process exits in the middle of the change) · garbage (scan; an answer that breaks the
// contract) · fail-install (the package stays half-configured at its new version, later ones are untouched) · partial
// (the first half is done) · lie-done (says done, did nothing) · extra-package (installs one more package) · in-doubt
// (it is done, but the provider cannot tell) · reboot-fails (accepted, but the boot id stays). Two faults are about health
// alone, have no times and strike together with others: unhealthy (a unit fails; with a package, once that was changed on
// the host) · mute (nothing is known of its health).
package sim

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ringfence/ringfence/providers"
)

// Version is what Describe reports.
const Version = "1.0.0"

// Provider is the simulated fleet. It answers nothing before Configure.
type Provider struct {
	// Exit ends the process for the fault crash-plugin.
	Exit func(code int)

	fleet *fleet
	store *store
}

var (
	_ providers.Provider   = (*Provider)(nil)
	_ providers.Rebooter   = (*Provider)(nil)
	_ providers.Configurer = (*Provider)(nil)
	_ providers.Examiner   = (*Provider)(nil)
)

// New returns a provider that ends this process when a fault says so.
func New() *Provider { return &Provider{Exit: os.Exit} }

// Configure reads the fleet. See the package's comment for the keys.
func (p *Provider) Configure(_ context.Context, config map[string]string) error {
	for key := range config {
		if key != "fleet" && key != "state" {
			return fmt.Errorf("unknown setting %.40q; sim has fleet and state", key)
		}
	}
	for _, key := range []string{"fleet", "state"} {
		if !filepath.IsAbs(config[key]) {
			return fmt.Errorf("the setting %s must be an absolute path, not %q", key, config[key])
		}
	}
	raw, err := readFleet(config["fleet"])
	if err != nil {
		return err
	}
	fleet, err := parseFleet(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", config["fleet"], err)
	}
	p.fleet, p.store = fleet, newStore(config["state"])
	return nil
}

// Describe implements providers.Provider. A simulated host needs no connection, so there are no commands.
func (p *Provider) Describe(context.Context) (providers.Description, error) {
	return providers.Description{Name: "sim", Version: Version, Connection: providers.ConnectNone, CanReboot: true}, nil
}

// machine is one host as a call sees it.
type machine struct {
	*host
	key    string // tenant/name
	mirror mirror
	state  *hostState
}

func (p *Provider) find(ref providers.HostRef) (*host, string, error) {
	if p.fleet == nil {
		return nil, "", errors.New("sim is not configured: it needs the settings fleet and state")
	}
	h := p.fleet.host(ref)
	if h == nil {
		return nil, "", fmt.Errorf("%w: the fleet has no host %s of tenant %s", providers.ErrUnreachable, ref.Name, ref.Tenant)
	}
	return h, ref.Tenant + "/" + ref.Name, nil
}
