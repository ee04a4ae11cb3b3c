package apt

import (
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/providers"
)

// realSimulation has one of every kind of line, as apt 2.4 and 2.6 print them.
const realSimulation = `Reading package lists...
Building dependency tree...
Reading state information...
Calculating upgrade...
The following packages will be REMOVED:
   lab-victim (1.0)
The following NEW packages will be installed:
   lab-newlib (1.0)
The following packages have been kept back:
   lab-held (1.0 => 1.1)
The following upgrades have been deferred due to phasing:
   libc6:i386 (2.35-0ubuntu3.8 => 2.35-0ubuntu3.9)
The following packages will be upgraded:
   bash (5.2.15-2+b2 => 5.2.15-2+b8)
4 upgraded, 1 newly installed, 1 downgraded, 1 to remove and 2 not upgraded.
1 not fully installed or removed.
Remv lab-victim [1.0]
Inst bash [5.2.15-2+b2] (5.2.15-2+b8 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])
Conf bash (5.2.15-2+b8 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])
Inst libpam-modules-bin [1.4.0-11ubuntu2.4] (1.4.0-11ubuntu2.5 Ubuntu:22.04/jammy-updates [amd64]) [libpam-modules:amd64 on libpam-modules-bin:amd64] [libpam-modules:amd64 ]
Inst libnss-systemd [249.11-0ubuntu3.12] (249.11-0ubuntu3.15 Ubuntu:22.04/jammy-updates [amd64]) []
Inst libexpat1:i386 [2.5.0-1+deb12u1] (2.5.0-1+deb12u2 Docker CE:bookworm [i386])
Inst lab-newlib (1.0 localhost [all])
Inst lab-old [1:2.0] (1.9  [all])
Conf lab-badpost (1.1 Lab-Security:lab-badpost [all])
`

func TestParseSimulation(t *testing.T) {
	sim, err := parseSimulation(realSimulation)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range sim.changes {
		got = append(got, strings.Join([]string{string(c.op), c.name, c.arch, c.from, c.to}, " "))
	}
	want := []string{
		"remove lab-victim  1.0 ",
		"upgrade bash amd64 5.2.15-2+b2 5.2.15-2+b8",
		"upgrade libpam-modules-bin amd64 1.4.0-11ubuntu2.4 1.4.0-11ubuntu2.5",
		"upgrade libnss-systemd amd64 249.11-0ubuntu3.12 249.11-0ubuntu3.15",
		"upgrade libexpat1:i386 i386 2.5.0-1+deb12u1 2.5.0-1+deb12u2",
		"install lab-newlib all  1.0",
		"downgrade lab-old all 1:2.0 1.9",
	}
	if !slices.Equal(got, want) {
		t.Errorf("changes\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if want := []kept{{"lab-held", "1.0", "1.1"}, {"libc6:i386", "2.35-0ubuntu3.8", "2.35-0ubuntu3.9"}}; !slices.Equal(sim.kept, want) {
		t.Errorf("kept %v, want %v", sim.kept, want)
	}
	if len(sim.configures) != 1 || sim.configures[0].name != "lab-badpost" {
		t.Errorf("only lab-badpost is unfinished, not %v", sim.configures)
	}
	archives := []archive{{"Debian", "oldstable"}, {"Debian-Security", "oldstable-security"}}
	if !slices.Equal(sim.changes[1].archives, archives) {
		t.Errorf("archives %v, want %v", sim.changes[1].archives, archives)
	}
}

// TestParseSimulationHidesNothing damages a good output in the ways that would make an update disappear.
func TestParseSimulationHidesNothing(t *testing.T) {
	tests := map[string]string{
		"a cut before the summary":       realSimulation[:strings.Index(realSimulation, "4 upgraded")],
		"a cut in the lines":             realSimulation[:strings.Index(realSimulation, "Inst libnss")],
		"a lost line":                    strings.Replace(realSimulation, "Inst lab-newlib (1.0 localhost [all])\n", "", 1),
		"an unknown form":                strings.Replace(realSimulation, "Inst bash [", "Inst bash {", 1),
		"a summary in another language":  strings.Replace(realSimulation, "not upgraded", "nicht aktualisiert", 1),
		"two summaries":                  realSimulation + "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n",
		"a line twice":                   realSimulation + "Inst lab-newlib (1.0 localhost [all])\n",
		"a kept package of another form": strings.Replace(realSimulation, "lab-held (1.0 => 1.1)", "lab-held", 1),
		"a count that is no number":      strings.Replace(realSimulation, "4 upgraded", "99999999999999999999 upgraded", 1),
		"nothing":                        "",
	}
	for name, text := range tests {
		if sim, err := parseSimulation(text); err == nil {
			t.Errorf("%s: accepted as %+v", name, sim)
		}
	}
}

func FuzzSimulate(f *testing.F) {
	f.Add(realSimulation)
	f.Add("0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")
	f.Add("Inst a [1] (2 L:V/S, M:T [all]) [b ]\n1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.")
	f.Fuzz(func(t *testing.T, text string) {
		sim, err := parseSimulation(text)
		if err != nil {
			return
		}
		if verbs := strings.Count("\n"+text, "\nInst "); verbs < count(sim, providers.Upgrade, providers.Install, providers.Downgrade) {
			t.Errorf("%d lines, but %+v", verbs, sim.changes)
		}
		for _, c := range sim.changes {
			if strings.ContainsAny(c.name+c.from+c.to+c.arch, " \t\n'\"$`;|&<>") || strings.HasPrefix(c.name, "-") {
				t.Errorf("unsafe words in %+v", c)
			}
		}
	})
}

func count(sim simulation, ops ...providers.Op) int {
	n := 0
	for _, c := range sim.changes {
		if slices.Contains(ops, c.op) {
			n++
		}
	}
	return n
}

func TestParsePackages(t *testing.T) {
	list, err := parsePackages("adduser\tall\t3.134\tii \t\n" +
		"lab-held\tall\t1.0\thi \t\n" +
		"lab-badpost\tall\t1.1\tiF \t1.0\n" +
		"libc6\ti386\t2.36-9+deb12u10\tiHR\t\n" +
		"old\tamd64\t1:2-3\trc \t\n" +
		"unknown\tamd64\t\tun \t\n" +
		"trigger\tamd64\t7\tit \t\n")
	if err != nil {
		t.Fatal(err)
	}
	db := newDatabase("amd64", list)
	if got := db.names(func(pkg) bool { return true }); !slices.Equal(got, []string{"adduser", "lab-badpost", "lab-held", "libc6:i386", "trigger"}) {
		t.Errorf("packages %q", got)
	}
	if got := db.held(); !slices.Equal(got, []string{"lab-held"}) {
		t.Errorf("held %q", got)
	}
	want := []string{
		"dpkg left lab-badpost 1.1 half-configured",
		"dpkg left libc6:i386 2.36-9+deb12u10 in need of reinstallation",
		"dpkg left trigger 7 with pending triggers",
	}
	if got := db.unfinished(); !slices.Equal(got, want) {
		t.Errorf("unfinished %q", got)
	}
	if got := db.list(); len(got) != 2 {
		t.Errorf("installed %v, want adduser and lab-held", got)
	}
	for _, bad := range []string{"", "adduser", "adduser\tall\t3.134\t??\t\n", "adduser\tall\t\tii \t\n", "-x\tall\t1\tii \t\n"} {
		if _, err := parsePackages(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzDpkgQuery(f *testing.F) {
	f.Add("adduser\tall\t3.134\tii \t\nlab-badpost\tall\t1.1\tiF \t1.0\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parsePackages(text)
		if err == nil && (len(list) == 0 || len(list) > strings.Count(text, "\n")+1) {
			t.Errorf("%d packages of %q", len(list), text)
		}
	})
}

func TestParseAudit(t *testing.T) {
	const md5 = "The following packages are missing the md5sums control file in the\ndatabase, they need to be reinstalled:\n vendor-agent         agent\n\n"
	const half = "The following packages are only half configured, probably due to problems\nconfiguring them the first time.\n lab-a                lab\n lab-b                lab\n\n"
	if got := parseAudit(md5); got != nil {
		t.Errorf("missing checksums are no problem: %q", got)
	}
	got := parseAudit(md5 + half)
	if len(got) != 1 || !strings.HasPrefix(got[0], "lab-a, lab-b: The following packages are only half configured") {
		t.Errorf("findings %q", got)
	}
}

func FuzzAudit(f *testing.F) {
	f.Add("The following packages are only half configured\n lab-a  lab\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		if found := parseAudit(text); found == nil && strings.TrimSpace(text) != "" && !strings.Contains(text, "md5sums") {
			t.Errorf("no finding in %q", text)
		}
	})
}
