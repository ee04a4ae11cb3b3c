package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Fleet is what a demo lays over a fresh policy repository: file contents by slash-separated path.
type Fleet map[string][]byte

// Write puts the files into a folder.
func (f Fleet) Write(dir string) error {
	for path, raw := range f {
		to := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, raw, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Host is a real host of a demo. Tier is the label that its ring selects.
type Host struct{ Tenant, Name, Address, Tier string }

// RealFleet writes hosts files with provider apt, the known host keys of all of them, and test clocks, so that a week
// passes in a minute. The hosts are logged in to as user.
func RealFleet(user, knownHosts string, hosts []Host) Fleet {
	out := Fleet{"trust/known_hosts": []byte(knownHosts)}
	lists := map[string]*strings.Builder{}
	for _, h := range hosts {
		if lists[h.Tenant] == nil {
			lists[h.Tenant] = &strings.Builder{}
			lists[h.Tenant].WriteString("hosts:\n")
		}
		fmt.Fprintf(lists[h.Tenant], "  - {name: %s, address: %q, user: %s, providers: [apt], labels: {tier: %s}}\n", h.Name, h.Address, user, h.Tier)
	}
	for tenant, list := range lists {
		out["tenants/"+tenant+"/hosts.yaml"] = []byte(list.String())
		out["tenants/"+tenant+"/testclock.cue"] = fmt.Appendf(nil, "// For trying things out: records take --at.\npackage %s\n\ntenant: %q: testClock: true\n",
			strings.ReplaceAll(tenant, "-", ""), tenant)
	}
	return out
}
