//go:build linux

package lab

import (
	"slices"
	"time"
)

// trust says how a suite is signed.
type trust int

const (
	signed trust = iota
	unsigned
	wrongKey
	expired
)

// suite is one distribution of the mirror. A host has bookworm and bookworm-security from the start and the others
// on demand (Host.AddSuite), except those that stand in for another one (Mirror.Replace).
type suite struct {
	name     string
	standsIn string // the suite it may replace; "" for a suite of its own
	label    string // apt tells security updates by the label Debian-Security
	take     func(stanza) bool
	tweak    func(stanza) stanza
	trust    trust
}

const security = "Debian-Security"

func suites() []suite {
	all := []suite{
		{name: "bookworm", label: "Debian", take: func(s stanza) bool { return s.in("old") || s.is("Version", "1.0") }},
		{name: "bookworm-security", label: security, take: isNew},
		{name: "lab-bugfix", label: "Debian", take: upgrade("lab-bugfix")},
		{name: "lab-phased", label: "Debian", take: upgrade("lab-phased"), tweak: phase},
		{name: "lab-badhash", label: security, take: upgrade("lab-badhash"), tweak: spoilHash},
		{name: "lab-gone", label: security, take: upgrade("lab-gone"), tweak: pointNowhere},
		{name: "lab-newdep", label: security, take: upgrade("lab-newdep", "lab-newlib")},
		{name: "lab-unsigned", label: security, take: upgrade("lab-good"), trust: unsigned},
		{name: "lab-wrongkey", label: security, take: upgrade("lab-good"), trust: wrongKey},
		{name: "lab-expired", label: security, take: upgrade("lab-good"), trust: expired},
		{name: "lab-good-next", standsIn: "lab-good", label: security, take: version("lab-good", "1.2")},
		{name: "security-unsigned", standsIn: "bookworm-security", label: security, take: isNew, trust: unsigned},
		{name: "security-wrongkey", standsIn: "bookworm-security", label: security, take: isNew, trust: wrongKey},
		{name: "security-expired", standsIn: "bookworm-security", label: security, take: isNew, trust: expired},
	}
	return append(all, plain(all)...)
}

// plain are the suites that simply carry the 1.1 of the package they are named after.
func plain(special []suite) []suite {
	var out []suite
	for _, p := range synthetic {
		if !slices.ContainsFunc(special, func(s suite) bool { return s.name == p.name }) {
			out = append(out, suite{name: p.name, label: security, take: upgrade(p.name)})
		}
	}
	return out
}

func isNew(s stanza) bool { return s.in("new") }

func upgrade(names ...string) func(stanza) bool {
	return func(s stanza) bool { return s.is("Version", "1.1") && slices.Contains(names, s.get("Package")) }
}

func version(name, v string) func(stanza) bool {
	return func(s stanza) bool { return s.is("Package", name) && s.is("Version", v) }
}

// phase makes the update reach no machine yet.
func phase(s stanza) stanza { return s.with("Phased-Update-Percentage", "0") }

func spoilHash(s stanza) stanza {
	for _, f := range []string{"MD5sum", "SHA1", "SHA256", "SHA512"} {
		if h := s.get(f); len(h) > 4 {
			s = s.with(f, "0000"+h[4:])
		}
	}
	return s
}

func pointNowhere(s stanza) stanza { return s.with("Filename", "pool/syn/gone.deb") }

// dates of a suite's Release file. Those that stand in are younger, for apt silently keeps the newer of two; an
// expired one is a mirror that stopped being updated.
func (s suite) dates(now time.Time) (date, until time.Time) {
	date = now.Add(-24 * time.Hour)
	if s.standsIn != "" {
		date = now.Add(-12 * time.Hour)
	}
	if s.trust == expired {
		until = now.Add(-time.Hour)
	}
	return date, until
}
