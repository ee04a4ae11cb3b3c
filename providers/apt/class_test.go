package apt

import "testing"

func TestClass(t *testing.T) {
	tests := []struct {
		archives, stepped []archive
		class, origin     string
	}{
		{archives: []archive{{"Debian-Security", "oldstable-security"}}, class: "security", origin: "Debian-Security"},
		{archives: []archive{{"Debian", "oldstable"}, {"Debian-Security", "oldstable-security"}}, class: "security", origin: "Debian-Security"},
		{archives: []archive{{"Debian", "stable"}}, class: "unknown", origin: "Debian"},
		{archives: []archive{{"Debian", "stable"}}, stepped: []archive{{"Debian-Security", "stable-security"}}, class: "security", origin: "Debian"},
		{archives: []archive{{"Ubuntu", "jammy-updates"}, {"Ubuntu", "jammy-security"}}, class: "security", origin: "Ubuntu"},
		{archives: []archive{{"Ubuntu", "jammy-updates"}}, class: "unknown", origin: "Ubuntu"},
		{archives: []archive{{"Ubuntu", "jammy-apps-security"}}, class: "security", origin: "Ubuntu"},
		{archives: []archive{{"Evil", "stable-security"}}, class: "unknown", origin: "Evil"}, // not by the suite's name
		{archives: []archive{{"", "localhost"}}, class: "unknown", origin: "localhost"},
		{class: "unknown"},
	}
	for _, tt := range tests {
		if c, o := class(tt.archives, tt.stepped), origin(tt.archives); c != tt.class || o != tt.origin {
			t.Errorf("%v over %v: %s from %q, want %s from %q", tt.archives, tt.stepped, c, o, tt.class, tt.origin)
		}
	}
}

func TestPURL(t *testing.T) {
	if got := purl("debian", "openssl", "1:3.0.17-1~deb12u2", "amd64"); got != "pkg:deb/debian/openssl@1:3.0.17-1~deb12u2?arch=amd64" {
		t.Error(got)
	}
}
