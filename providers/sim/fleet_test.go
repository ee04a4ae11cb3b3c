package sim

import (
	"os"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/providers"
)

func TestMistakesInAFleetAreErrorsWithALine(t *testing.T) {
	for text, want := range map[string]string{
		"update: []":           "line 1: field update not found",
		"hosts:\n- nmae: web":  "line 2: field nmae not found",
		"updates:\n- name: -x": `line 2: "-x" is no package name`,
		"updates:\n- {name: curl, version: 1-1}\n- {name: curl, version: x}":   `line 3: "x" is no version`,
		"updates:\n- {name: curl, version: 1-1}\n- {name: curl, version: 1-1}": "line 3: there are two updates curl 1-1",
		"updates:\n- {name: curl, version: 1-1, class: urgent}":                `line 2: class "urgent" is none of`,
		"updates:\n- {name: curl, version: 1-1, severity: bad}":                `line 2: severity "bad" is none of`,
		"updates:\n- {name: curl, version: 1-1, reboot: maybe}":                `line 2: reboot "maybe" is none of`,
		"updates:\n- {name: curl, version: 1-1, depends: [zlib]}":              "line 2: curl depends on zlib",
		"updates:\n- {name: curl, version: 1-1, published: 2026-11-02}":        `line 2: "2026-11-02" is no instant`,

		"updates:\n-":                                                             "line 2: an empty update",
		"hosts:\n- {name: web, count: 2}":                                         `line 2: the name "web" of several hosts needs a counter`,
		"hosts:\n- {name: web%s-%d, count: 2}":                                    "is no host name",
		"hosts:\n- {name: web}\n- {name: web}":                                    "line 3: there are two hosts web",
		"hosts:\n- {name: web, held: [curl]}":                                     "line 2: curl is held but not installed",
		"hosts:\n- {name: web, count: 1000000}":                                   "needs a counter",
		"hosts:\n- {name: web-%d, count: 1000000}":                                "a fleet has 0 to 200000 hosts",
		"hosts:\n- {name: web, installed: {a: 1}}":                                `line 2: "a" is no package name`,
		"hosts:\n- {name: web, installed: {aa: x}}":                               `line 2: aa: "x" is no version`,
		"hosts: [{name: web}]\nfaults:\n- {host: web, kind: flood}":               `line 3: there is no fault "flood"`,
		"hosts: [{name: web}]\nfaults:\n- {host: db, kind: hang}":                 `line 3: no host is called "db"`,
		"hosts: [{name: web}]\nfaults:\n- {host: 'w[', kind: hang}":               "syntax error in pattern",
		"hosts: [{name: web}]\nfaults:\n- {host: web, kind: partial, verb: scan}": `line 3: partial cannot happen at "scan"`,
		"hosts: [{name: web}]\nfaults:\n- {host: web, kind: mute, times: 2}":      "line 3: mute has no times",
		"hosts: [{name: web}]\nfaults:\n- {host: web, kind: hang, verb: health}":  `line 3: hang cannot happen at "health"`,
		"hosts: [{name: web}]\n---\nhosts: []":                                    "one YAML document",
		"hosts: [{name: web, name: db}]":                                          `mapping key "name" already defined`,
		"hosts: [{name: web}]\nfaults:\n- {host: web, kind: hang, times: -1}":     "line 3: times -1 is negative",

		"hosts: [{name: w}]\nfaults:\n- {host: w, kind: hang, from: 2026-11-02T00:00:00Z, until: 2026-11-01T00:00:00Z}": "line 3: from must be before until",
	} {
		_, err := parseFleet([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "sim.") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAGroupOfHosts(t *testing.T) {
	f, err := parseFleet([]byte("hosts:\n- {name: web-%02d, count: 12, tenant: acme}\n- {name: any}"))
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[providers.HostRef]bool{
		{Tenant: "acme", Name: "web-01"}: true, {Tenant: "acme", Name: "web-12"}: true, {Tenant: "acme", Name: "web-13"}: false,
		{Tenant: "other", Name: "web-01"}: false, {Tenant: "other", Name: "any"}: true,
	} {
		if got := f.host(ref) != nil; got != want {
			t.Errorf("%v: %t", ref, got)
		}
	}
}

func FuzzParseFleet(f *testing.F) {
	example, err := os.ReadFile("testdata/fleet.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	f.Add([]byte("hosts: [{name: a%d, count: 3}]\nfaults: [{host: '*', kind: hang}]"))
	f.Add([]byte("updates: [null]\nhosts: [{}]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		fleet, err := parseFleet(raw)
		if err != nil || len(fleet.hosts) > 100 {
			return
		}
		for ref, h := range fleet.hosts {
			m := machine{host: h, key: "t/" + ref.Name, mirror: fleet.mirror, state: &hostState{}}
			for _, missing := range m.scan(november).Missing {
				if compareVersions(missing.Update.Version, missing.From) <= 0 {
					t.Errorf("%s would be downgraded from %s to %s", missing.Update.Name, missing.From, missing.Update.Version)
				}
			}
		}
	})
}
