package apt

import (
	"slices"
	"strings"
	"testing"
)

const realIndexes = "yes|http://deb.debian.org/debian/dists/bookworm/|Debian|oldstable|http://deb.debian.org/debian bookworm/main amd64 Packages\n" +
	"yes|http://deb.debian.org/debian-security/dists/bookworm-security/|Debian-Security|oldstable-security|http://deb.debian.org/debian-security bookworm-security/main amd64 Packages\n" +
	"no|file:/srv/flat/|$(LABEL)|$(SUITE)|file:/srv/flat ./ Packages\n"

func TestParseIndexes(t *testing.T) {
	got, err := parseIndexes(realIndexes)
	if err != nil || len(got) != 3 {
		t.Fatal(got, err)
	}
	if !got[0].trusted || got[2].trusted || got[2].archive != (archive{}) || got[1].archive != (archive{"Debian-Security", "oldstable-security"}) {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"yes", "maybe|a|b|c|d\n", "yes||b|c|d\n", "yes|a|b|c|\n", "\n"} {
		if _, err := parseIndexes(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzIndexTargets(f *testing.F) {
	f.Add(realIndexes)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseIndexes(text)
		if err == nil && strings.Count(text, "no|") == 0 && slices.ContainsFunc(got, func(i index) bool { return !i.trusted }) {
			t.Errorf("untrusted out of nowhere: %q", text)
		}
	})
}

func TestConfig(t *testing.T) {
	base := "Dir \"/\";\nDir::Etc \"etc/apt\";\nDir::Etc::sourcelist \"sources.list\";\nDir::Etc::sourceparts \"sources.list.d\";\n" +
		"Acquire::AllowInsecureRepositories \"0\";\nDPkg::Post-Invoke:: \"if [ -d /x ]; then\n true; fi\";\n"
	tests := []struct {
		name, more          string
		insecure, misplaced int
		unattended          bool
	}{
		{name: "plain"},
		{name: "insecure repositories", more: `Acquire::AllowInsecureRepositories "true";`, insecure: 1},
		{name: "in another spelling", more: `apt::get::allowunauthenticated "YES";`, insecure: 1},
		{name: "what apt cannot read is on", more: `Acquire::AllowWeakRepositories "2";`, insecure: 1},
		{name: "for apt-get only", more: `Binary::apt-get::Acquire::AllowDowngradeToInsecureRepositories "1";`, insecure: 1},
		{name: "other sources", more: `Dir::Etc::sourceparts "/srv/sources";`, misplaced: 1},
		{name: "automatic updates", more: `APT::Periodic::Unattended-Upgrade "1";`, unattended: true},
		{name: "automatic updates disabled", more: "APT::Periodic::Enable \"0\";\nAPT::Periodic::Unattended-Upgrade \"1\";"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := parseConfig(base + tt.more)
			if len(c.insecure()) != tt.insecure || len(c.misplaced()) != tt.misplaced || c.unattended() != tt.unattended {
				t.Errorf("insecure %q, misplaced %q, unattended %v", c.insecure(), c.misplaced(), c.unattended())
			}
		})
	}
}

func TestParseSourceOptions(t *testing.T) {
	tests := []struct {
		line              string
		insecure, undated bool
	}{
		{line: "/etc/apt/sources.list:deb [trusted=yes", insecure: true},
		{line: "/etc/apt/sources.list:deb [arch=amd64 Allow-Insecure=1 trusted=no", insecure: true},
		{line: "/etc/apt/sources.list:deb [trusted=no"},
		{line: "/etc/apt/sources.list.d/x.sources:Trusted: yes", insecure: true},
		{line: "/etc/apt/sources.list.d/x.sources:Trusted:", insecure: true},
		{line: "/etc/apt/sources.list.d/x.sources:Allow-Weak: false"},
		{line: "/etc/apt/sources.list:deb [check-valid-until=no", undated: true},
		{line: "/etc/apt/sources.list:deb [check-valid-until=yes"},
	}
	for _, tt := range tests {
		insecure, undated := parseSourceOptions(tt.line + "\n")
		if (insecure != nil) != tt.insecure || (undated != nil) != tt.undated {
			t.Errorf("%q: insecure %q, undated %q", tt.line, insecure, undated)
		}
	}
}

func TestParseVersions(t *testing.T) {
	got, err := parseVersions("    tzdata | 2026f-0+deb12u1 | http://labrepo bookworm-security/main amd64 Packages\n" +
		"  lab-good |        1.0 | http://labrepo bookworm/main amd64 Packages\n" +
		"  lab-good |        1.0 | http://labrepo bookworm/main Sources\n")
	want := []available{
		{"tzdata", "2026f-0+deb12u1", "http://labrepo bookworm-security/main amd64 Packages"},
		{"lab-good", "1.0", "http://labrepo bookworm/main amd64 Packages"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := parseVersions("what is this\n"); err == nil {
		t.Error("an unknown line was accepted")
	}
}

func FuzzVersions(f *testing.F) {
	f.Add(" lab-good |        1.0 | http://labrepo bookworm/main amd64 Packages\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseVersions(text)
		if err == nil && len(got) > strings.Count(text, "|") {
			t.Errorf("%v of %q", got, text)
		}
	})
}

func TestParsePolicy(t *testing.T) {
	got := parsePolicy("Package files:\n 100 /var/lib/dpkg/status\n     release a=now\n" +
		" 500 http://deb.debian.org/debian bookworm/main amd64 Packages\n" +
		" -10 http://deb.debian.org/debian-security bookworm-security/main amd64 Packages\n" +
		"     release o=Debian,a=oldstable-security,n=bookworm-security,l=Debian-Security,c=main,b=amd64\n     origin deb.debian.org\n" +
		"Pinned packages:\n     openssl -> 3.0.11-1~deb12u2 with priority 1001\n")
	want := []string{
		"http://deb.debian.org/debian-security bookworm-security/main amd64 Packages has priority -10 and is not offered",
		"openssl is pinned to 3.0.11-1~deb12u2 with priority 1001",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestParseURIs(t *testing.T) {
	const line = "'http://labrepo/pool/new/tzdata_2026f-0%2bdeb12u1_all.deb' tzdata_2026f-0+deb12u1_all.deb 307832 MD5Sum:00c9\n"
	if got, err := parseURIs("Reading package lists...\n" + line + line); err != nil || got != 615664 {
		t.Error(got, err)
	}
	for _, bad := range []string{"'http://x'\n", "'http://x' x 99999999999999999999 y\n"} {
		if _, err := parseURIs(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzURIs(f *testing.F) {
	f.Add("'http://labrepo/x.deb' x.deb 307832 MD5Sum:00c9\n")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := parseURIs(text); err == nil && got < 0 {
			t.Errorf("%d of %q", got, text)
		}
	})
}

func TestClass(t *testing.T) {
	tests := []struct {
		archives, superseded []archive
		class, origin        string
	}{
		{archives: []archive{{"Debian-Security", "oldstable-security"}}, class: "security", origin: "Debian-Security"},
		{archives: []archive{{"Debian", "oldstable"}, {"Debian-Security", "oldstable-security"}}, class: "security", origin: "Debian-Security"},
		{archives: []archive{{"Debian", "stable"}}, class: "unknown", origin: "Debian"},
		{archives: []archive{{"Debian", "stable"}}, superseded: []archive{{"Debian-Security", "stable-security"}}, class: "security", origin: "Debian"},
		{archives: []archive{{"Ubuntu", "jammy-updates"}, {"Ubuntu", "jammy-security"}}, class: "security", origin: "Ubuntu"},
		{archives: []archive{{"Ubuntu", "jammy-updates"}}, class: "unknown", origin: "Ubuntu"},
		{archives: []archive{{"Ubuntu", "jammy-apps-security"}}, class: "security", origin: "Ubuntu"},
		{archives: []archive{{"Evil", "stable-security"}}, class: "unknown", origin: "Evil"}, // not by the suite's name
		{archives: []archive{{"", "localhost"}}, class: "unknown", origin: "localhost"},
		{class: "unknown"},
	}
	for _, tt := range tests {
		if c, o := class(tt.archives, tt.superseded), origin(tt.archives); c != tt.class || o != tt.origin {
			t.Errorf("%v over %v: %s from %q, want %s from %q", tt.archives, tt.superseded, c, o, tt.class, tt.origin)
		}
	}
}

func TestPURL(t *testing.T) {
	if got := purl("debian", "openssl", "1:3.0.17-1~deb12u2", "amd64"); got != "pkg:deb/debian/openssl@1:3.0.17-1~deb12u2?arch=amd64" {
		t.Error(got)
	}
}
