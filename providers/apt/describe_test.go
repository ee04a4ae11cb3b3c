package apt

import (
	"slices"
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	d, err := New().Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	var mutating []string
	for _, c := range d.Commands {
		if c.Mutates {
			mutating = append(mutating, c.Name)
		}
		for _, word := range c.Argv {
			if strings.HasPrefix(word, "--allow") || strings.HasPrefix(word, "--force-yes") {
				t.Errorf("%s: %s must never be said", c.Name, word)
			}
		}
	}
	if want := []string{"install", "install-removing", "reboot", "reboot-plain"}; !slices.Equal(mutating, want) {
		t.Errorf("mutating commands %q, want %q", mutating, want)
	}
}

// TestInstallations compares the two commands that install: they differ in --no-remove and in nothing else, and say
// what keeps a package from coming in unverified.
func TestInstallations(t *testing.T) {
	d, _ := New().Describe(t.Context())
	plain, _ := d.Command(cmdInstall)
	removing, _ := d.Command(cmdInstallRemoving)
	without := slices.DeleteFunc(slices.Clone(plain.Argv), func(s string) bool { return s == "--no-remove" })
	if !slices.Contains(plain.Argv, "--no-remove") || !slices.Equal(without, removing.Argv) {
		t.Errorf("%q and %q", plain.Argv, removing.Argv)
	}
	for _, word := range []string{
		"APT::Get::AllowUnauthenticated=false", "Acquire::AllowInsecureRepositories=false", "Dpkg::Options::=--force-confold",
		"DPkg::Lock::Timeout=" + LockTimeout, "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "--no-install-recommends",
	} {
		if !slices.Contains(plain.Argv, word) {
			t.Errorf("install does not say %s", word)
		}
	}
}
