package main_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"
)

const (
	fleetFile = "sim/fleet.yaml"
	simState  = ".ringfence/sim.json"
)

// fleet changes the simulated fleet, which is no part of the policy and needs no commit:
//
//	fleet add updates|hosts|faults key=value…
//	fleet clear updates|hosts|faults
//
// Values are YAML.
func changeFleet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fleet add|clear list [key=value…]")
	}
	lists := readFleet(ts)
	switch args[0] {
	case "add":
		entry := map[string]any{}
		for _, pair := range args[2:] {
			key, text, _ := strings.Cut(pair, "=")
			var value any
			ts.Check(yaml.Unmarshal([]byte(text), &value))
			entry[key] = value
		}
		lists[args[1]] = append(lists[args[1]], entry)
	case "clear":
		lists[args[1]] = nil
	default:
		ts.Fatalf("unknown: fleet %s", args[0])
	}
	raw, err := yaml.Marshal(lists)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(fleetFile), raw, 0o644))
}

func readFleet(ts *testscript.TestScript) map[string][]map[string]any {
	lists := map[string][]map[string]any{}
	ts.Check(yaml.Unmarshal([]byte(ts.ReadFile(fleetFile)), &lists))
	return lists
}

// hostState TENANT/HOST PACKAGE VERSION wants a package of a host at a version; "none": not installed. With ! the
// version must be another.
func hostState(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: [!] hoststate tenant/host package version")
	}
	if got := installed(ts, args[0], args[1]); (got == args[2]) == neg {
		ts.Fatalf("%s has %s %s", args[0], args[1], got)
	}
}

func installed(ts *testscript.TestScript, key, pkg string) string {
	var state struct {
		Hosts map[string]struct {
			Installed map[string]string `json:"installed"`
		} `json:"hosts"`
	}
	raw, err := os.ReadFile(ts.MkAbs(simState))
	if err == nil {
		err = json.Unmarshal(raw, &state)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		ts.Fatalf("%v", err)
	}
	if v := state.Hosts[key].Installed[pkg]; v != "" {
		return v
	}
	_, name, _ := strings.Cut(key, "/")
	hosts := readFleet(ts)["hosts"]
	i := slices.IndexFunc(hosts, func(h map[string]any) bool { return h["name"] == name })
	if i < 0 {
		ts.Fatalf("the fleet has no host %s", name)
	}
	if list, ok := hosts[i]["installed"].(map[string]any); ok {
		if v, ok := list[pkg].(string); ok {
			return v
		}
	}
	return "none"
}
