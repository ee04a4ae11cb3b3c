package demo

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/internal/programfile"
)

// program is a stand-in for ringfence: init makes a repository, and every other verb exits with its last argument.
const program = `#!/bin/sh
if [ "$1" = init ]; then git init --quiet "$2"; exit; fi
for last; do :; done
case $last in [0-9]) exit "$last" ;; esac
`

func play(t *testing.T, story ...Step) (dir, said string, err error) {
	t.Helper()
	home := t.TempDir()
	binary := filepath.Join(home, "ringfence")
	if err := programfile.Write(binary, []byte(program)); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(home, "policy")
	var out bytes.Buffer
	fleet := RealFleet("patch", "h1 ssh-ed25519 AAAA\n", []Host{{Tenant: "msp-lab", Name: "h1", Address: "192.0.2.1", Tier: "test"}})
	err = Run(t.Context(), Options{Binary: binary, Dir: dir, Fleet: fleet, Story: story, Out: &out, Env: append(os.Environ(), "HOME="+home, "GIT_CONFIG_NOSYSTEM=1")})
	return dir, out.String(), err
}

func TestADemoTellsEachCommand(t *testing.T) {
	dir, said, err := play(t, Step{Say: "One\ntwo.", Args: []string{"plan", "two words", "5"}, Want: 5})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# One\n# two.\n$ ringfence plan \"two words\" 5\n(exit 5)\n", "Where to look now", "cd " + dir} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in\n%s", want, said)
		}
	}
	if raw, err := os.ReadFile(filepath.Join(dir, "tenants", "msp-lab", "testclock.cue")); err != nil || !strings.Contains(string(raw), "package msplab\n") {
		t.Errorf("the test clock: %s, %v", raw, err)
	}
}

// TestADemoStopsAtTheFirstSurprise: what follows would be told of a state that is not there.
func TestADemoStopsAtTheFirstSurprise(t *testing.T) {
	_, said, err := play(t, Step{Args: []string{"scan", "1"}}, Step{Args: []string{"apply", "0"}})
	if err == nil || !strings.Contains(err.Error(), "scan 1: exit code 1, expected 0") || strings.Contains(said, "apply") || strings.Contains(said, "Where to look") {
		t.Errorf("%v after\n%s", err, said)
	}
}
