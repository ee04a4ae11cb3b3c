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
