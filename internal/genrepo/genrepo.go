// Package genrepo makes policy repositories of any number of tenants, for benchmarks and for people who want to see how
// the program behaves with thousands: go run ./internal/genrepo/write -tenants 2000 DIR.
package genrepo

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"

	"github.com/ringfence/ringfence/policies"
)

// Tree is a repository of n tenants over the baseline that init writes, its Rego included. Each tenant has two or three
// rings, a freeze and six hosts; no two have the same text, and every tenth waits for evidence of the first. Equal n,
// equal bytes.
func Tree(n int) fstest.MapFS {
	out := fstest.MapFS{}
	from := policies.Scaffold()
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "tests/") || strings.HasPrefix(name, "tenants/") {
			return err
		}
		data, err := fs.ReadFile(from, name)
		out[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		panic(err) // the scaffold is embedded
	}
	for i := range n {
		dir := "tenants/" + Name(i) + "/"
		out[dir+"tenant.cue"] = &fstest.MapFile{Data: Tenant(i), Mode: 0o644}
		out[dir+"hosts.yaml"] = &fstest.MapFile{Data: hosts(i), Mode: 0o644}
	}
	return out
}

// Name is the name of the i-th tenant.
func Name(i int) string { return fmt.Sprintf("customer-%04d", i) }

// Tenant is the CUE file of the i-th tenant.
func Tenant(i int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `package customer

import "msp.example/patching/baseline"

// Customer %d.
tenant: %q: baseline.#Tenant & {
	timezone: "Europe/Berlin"
	hosts: ["hosts.yaml"]
	#securityWait: "%dh"
	rings: {
		pilot: {
			select: tier: "pilot"
			window: "weeknight"
		}
		broad: {
			select: tier: "prod"
			requires: {
				pilot: {succeeded: "95%%", minSucceeded: 1, soak: "%dh"}
`, i, Name(i), 12+i%36, 24+i%48)
	if i > 0 && i%10 == 0 {
		fmt.Fprintf(&b, "\t\t\t\t%q: {minSucceeded: 1, soak: \"24h\"}\n", Name(0)+"/pilot")
	}
	fmt.Fprintf(&b, `			}
			window:         "weekend"
			maxUnavailable: "25%%"
			stopAtFailures: %d
			reboot:         "if-required"
		}
	}
	freezes: yearEnd: {
		starts: "2026-12-%02dT18:00"
		ends:   "2027-01-04T06:00"
		allow: exploited: true
		reason: "retail peak"
	}
}
`, 1+i%4, 1+i%28)
	return b.Bytes()
}

func hosts(i int) []byte {
	var b bytes.Buffer
	b.WriteString("hosts:\n")
	for h := range 6 {
		tier := "prod"
		if h < 2 {
			tier = "pilot"
		}
		fmt.Fprintf(&b, "  - name: web-%02d\n    address: 10.%d.%d.%d\n    providers: [apt]\n    labels: {tier: %s, os: debian-12}\n", h, i/256, i%256, h+10, tier)
	}
	return b.Bytes()
}
