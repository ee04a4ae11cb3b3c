//go:build linux

package lab

import (
	"slices"
	"strings"
	"testing"
)

func TestMirrorFaults(t *testing.T) {
	t.Parallel()
	l := up(t, 1)
	h := l.Host(1)
	l.Mirror.SetFault(Fault{Kind: Status, N: 503})
	fails(t, h, 100, aptUpdate, "503")
	l.Mirror.SetFault(Fault{})
	must(t, h, aptUpdate)
	for _, f := range []Fault{{Status, 503, ".deb"}, {Cut, 10_000, ".deb"}, {Stall, 10_000, "tzdata_2"}} {
		l.Mirror.SetFault(f)
		if f.Kind == Stall {
			f.Only = "all.deb"
			l.Mirror.SetFault(f)
		}
		fails(t, h, 100, aptUpgrade, "Failed to fetch")
		if v, _ := h.DpkgVersion(t.Context(), "liblzma5"); strings.HasSuffix(v, "+deb12u2") {
			t.Errorf("%v: something was installed", f)
		}
		must(t, h, "apt-get clean")
	}
	l.Mirror.SetFault(Fault{Kind: Slow, N: 4 << 20})
	must(t, h, aptUpgrade)
}

func TestVersionVanishesFromMirror(t *testing.T) {
	t.Parallel()
	l := up(t, 1)
	h := l.Host(1)
	ok(t, h.InstallOld(t.Context(), "lab-good"))
	ok(t, h.AddSuite("lab-good"))
	must(t, h, aptUpdate)
	l.Mirror.Replace("lab-good", "lab-good-next")
	l.Mirror.Hide("lab-good_1.1")
	fails(t, h, 100, "apt-get -y install lab-good=1.1", "404")
	must(t, h, aptUpdate)
	fails(t, h, 100, "apt-get -y install lab-good=1.1", "Version '1.1' for 'lab-good' was not found")
	must(t, h, "apt-get -y install lab-good=1.2")
	if served := l.Mirror.Served(); !slices.Contains(served, "/pool/syn/lab-good_1.2_all.deb") {
		t.Errorf("served %q", served)
	}
}

func TestParseFault(t *testing.T) {
	for text, want := range map[string]Fault{
		"ok":            {},
		"status 503":    {Kind: Status, N: 503},
		"cut 1000 .deb": {Kind: Cut, N: 1000, Only: ".deb"},
	} {
		if got, err := ParseFault(strings.Fields(text)); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "explode", "cut many"} {
		if f, err := ParseFault(strings.Fields(text)); err == nil {
			t.Errorf("%q: %v, want an error", text, f)
		}
	}
}
