//go:build linux

package killloop

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// simHosts are two hosts of each tenant in a file. Every release is one more version of one package.
type simHosts struct {
	w        *world
	released int
}

func newSimHosts(w *world) *simHosts { return &simHosts{w: w} }

func (h *simHosts) env() []string       { return nil }
func (h *simHosts) actions() []string   { return nil }
func (h *simHosts) per() map[string]int { return map[string]int{"alpha": 2, "beta": 2} }
func (h *simHosts) pace() time.Duration { return 60 * time.Millisecond }
func (h *simHosts) sound(change) string { return "" } // changes and versions are one file

func (h *simHosts) files() map[string]string {
	out := policyFiles(fmt.Sprintf("providers: sim: config: {fleet: %q, state: %q}", h.w.path("fleet.yaml"), h.w.path("sim.json")))
	for _, t := range tenants {
		out["tenants/"+t+"/hosts.yaml"] = strings.ReplaceAll(`hosts:
  - {name: TENANT-1, providers: [sim], labels: {tier: test}}
  - {name: TENANT-2, providers: [sim], labels: {tier: test}}
`, "TENANT", t)
	}
	return out
}

func (h *simHosts) release() {
	h.released++
	var b strings.Builder
	b.WriteString("updates:\n")
	for i := range h.released {
		fmt.Fprintf(&b, "  - {name: openssl, version: %d-1, class: security, severity: high, origin: Debian-Security}\n", i+2)
	}
	b.WriteString("hosts:\n")
	for _, t := range tenants {
		fmt.Fprintf(&b, "  - {name: %s-%%d, count: 2, tenant: %s, installed: {openssl: 1-1}}\n", t, t)
	}
	h.w.check(os.WriteFile(h.w.path("fleet.yaml"), []byte(b.String()), 0o644))
}

func (h *simHosts) updates() []string {
	var out []string
	for i := range h.released {
		out = append(out, fmt.Sprintf("openssl@%d-1", i+2))
	}
	return out
}

func (h *simHosts) changes() []change {
	var state struct {
		Hosts map[string]struct {
			Changes []struct{ Action, Name, To string }
		}
	}
	raw, err := os.ReadFile(h.w.path("sim.json"))
	h.w.check(err)
	h.w.check(json.Unmarshal(raw, &state))
	var out []change
	for name, host := range state.Hosts {
		for _, c := range host.Changes {
			out = append(out, change{name, c.Action, c.Name + "@" + c.To})
		}
	}
	return out
}

// policyFiles are two tenants whose second one waits for the first one's evidence. Nothing waits for a window.
func policyFiles(settings string) map[string]string {
	out := map[string]string{"ringfence.cue": "package ringfence\n\nimport \"ringfence.dev/policy\"\n\npolicy.#Settings\nledger: remote: \"origin\"\n" + settings + "\n"}
	for _, t := range tenants {
		requires := ""
		if t != tenants[0] {
			requires = fmt.Sprintf("requires: %q: {succeeded: \"50%%\", minSucceeded: 1}", tenants[0]+"/test")
		}
		out["tenants/"+t+"/tenant.cue"] = strings.NewReplacer("TENANT", t, "REQUIRES", requires).Replace(tenantText)
	}
	return out
}

const tenantText = `package TENANT

import "ringfence.dev/policy"

tenant: TENANT: policy.#Tenant & {
	timezone:  "UTC"
	testClock: true
	hosts: ["hosts.yaml"]
	windows: anytime: always: true
	approval: security: {match: classification: ["security"], approve: after: "0s"}
	rings: test: {
		select: tier: "test"
		window:         "anytime"
		maxUnavailable: 1
		stopAtFailures: 50
		REQUIRES
	}
}
`
