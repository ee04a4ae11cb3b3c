//go:build linux

package lab

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestArchiveFromApt(t *testing.T) {
	const backports = "Debian Backports|bookworm-backports|http://b.example/debian\n"
	tests := map[string]struct {
		lines string
		want  archive
	}{
		"bookworm": {
			"Debian|bookworm-updates|http://u.example/debian/\nDebian|bookworm|http://a.example/debian/\nDebian-Security|bookworm-security|http://s.example/s/\n",
			archive{"http://a.example/debian", "http://s.example/s"},
		},
		"later release": {backports + "Debian|trixie|http://a.example/debian\n", archive{"http://a.example/debian", "http://a.example/debian-security"}},
	}
	for name, tt := range tests {
		if got, err := fromTargets(tt.lines).complete(); err != nil || got != tt.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	var missing *Missing
	if _, err := fromTargets(backports).complete(); !errors.As(err, &missing) || !strings.Contains(missing.Mend, "LAB_MIRROR") {
		t.Errorf("no archive: %v", err)
	}
	if got, err := findArchive(t.Context(), "http://m.example/d/ http://m.example/s"); err != nil || got != (archive{"http://m.example/d", "http://m.example/s"}) {
		t.Errorf("given: %v, %v", got, err)
	}
}

func TestSuitesAreDistinct(t *testing.T) {
	var names []string
	for _, s := range suites() {
		if slices.Contains(names, s.name) {
			t.Errorf("%s twice", s.name)
		}
		names = append(names, s.name)
	}
	for _, p := range synthetic {
		if p.name != "lab-good" && !slices.Contains(names, p.name) {
			t.Errorf("no suite %s", p.name)
		}
	}
}

func TestStanza(t *testing.T) {
	s := stanza("Package: a\nVersion: 1\nFilename: pool/new/a.deb")
	if got := s.with("Version", "2").with("Phased-Update-Percentage", "0"); got != "Package: a\nVersion: 2\nFilename: pool/new/a.deb\nPhased-Update-Percentage: 0" {
		t.Errorf("%q", got)
	}
	if !s.in("new") || s.in("old") || s.get("Size") != "" {
		t.Error("wrong fields")
	}
}

func TestCapped(t *testing.T) {
	for _, tail := range []bool{false, true} {
		c := &capped{limit: 4, tail: tail}
		for _, p := range []string{"ab", "cde", "f"} {
			c.Write([]byte(p))
		}
		if want := map[bool]string{false: "abcd", true: "cdef"}[tail]; c.String() != want {
			t.Errorf("tail %v: %q, want %q", tail, c.String(), want)
		}
	}
}
