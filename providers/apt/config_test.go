package apt

import (
	"slices"
	"testing"
)

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
