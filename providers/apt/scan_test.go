package apt

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/providers"
)

func out(text string) providers.Output { return providers.Output{Stdout: []byte(text)} }

func scan(t *testing.T, p *player, refresh bool) (providers.HostScan, error) {
	t.Helper()
	return New().Scan(t.Context(), providers.ScanRequest{Refresh: refresh}, p.exec)
}

// TestScanNeedsEveryAnswer takes away one command's answer at a time, in each way that happens, and expects an error:
// a scan that saw less must never look like a host with fewer missing updates.
func TestScanNeedsEveryAnswer(t *testing.T) {
	base, story := loadRecording(t, "base"), loadRecording(t, "real")
	whole := play(t, base, story)
	if _, err := scan(t, whole, true); err != nil {
		t.Fatal(err)
	}
	harmless := map[string]bool{ // exit codes that say nothing
		cmdSourceOptions: true, // grep found nothing
		cmdAudit:         true, // findings
	}
	for _, call := range whole.exec.Calls() {
		good, _ := story.find(base, phaseScan, call.Command)
		ways := map[string]func() (providers.Output, error){
			"lost":        func() (providers.Output, error) { return providers.Output{}, providers.ErrLost },
			"unreachable": func() (providers.Output, error) { return providers.Output{}, providers.ErrUnreachable },
			"truncated":   func() (providers.Output, error) { o := good; o.Truncated = true; return o, nil },
			"not found":   func() (providers.Output, error) { return providers.Output{ExitCode: 127}, nil },
			"failed":      func() (providers.Output, error) { o := good; o.ExitCode = 1; return o, nil },
		}
		for how, answer := range ways {
			if how == "failed" && harmless[call.Command] {
				continue
			}
			p := play(t, base, story)
			p.exec.Do(call.Command, nil, func(context.Context, map[string][]string) (providers.Output, error) { return answer() })
			if got, err := scan(t, p, true); err == nil {
				t.Errorf("%s %s: a scan without it found %d missing", call.Command, how, len(got.Missing))
			}
		}
	}
}

// TestScanNeedsEveryLine cuts each output anywhere: the scan fails, or it sees just what it saw before.
func TestScanNeedsEveryLine(t *testing.T) {
	base, story := loadRecording(t, "base"), loadRecording(t, "real")
	want, err := scan(t, play(t, base, story), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{cmdSimulate, cmdPackages, cmdIndexes} {
		good, _ := story.find(base, phaseScan, command)
		for cut := range len(good.Stdout) {
			p := play(t, base, story)
			p.exec.On(command, nil, out(string(good.Stdout[:cut])))
			got, err := scan(t, p, true)
			if err == nil && len(got.Missing) < len(want.Missing) {
				t.Fatalf("%s cut to %q: %d missing", command, good.Stdout[:cut], len(got.Missing))
			}
		}
	}
}

func TestScan(t *testing.T) {
	const none = "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n"
	tests := []struct {
		name    string
		refresh bool
		say     map[string]string
		want    string // a line of the scan's words
		not     string // a part of no line
		err     string
	}{
		{
			name: "an update that cannot be installed with the rest is missing, and held",
			say: map[string]string{
				cmdSimulate: "The following packages have been kept back:\n   tzdata (2026b-0+deb12u1 => 2026f-0+deb12u1)\n" +
					"0 upgraded, 0 newly installed, 0 to remove and 1 not upgraded.\n",
				cmdSimulatePhased: "The following packages have been kept back:\n   tzdata (2026b-0+deb12u1 => 2026f-0+deb12u1)\n" +
					"0 upgraded, 0 newly installed, 0 to remove and 1 not upgraded.\n",
			},
			want: "missing pkg:deb/debian/tzdata@…?arch=all from … security Debian-Security held",
		},
		{
			name: "a package that is rather removed has a newer version all the same",
			say: map[string]string{
				cmdSimulate: "0 upgraded, 0 newly installed, 1 to remove and 0 not upgraded.\nRemv tzdata [2026b-0+deb12u1]\n",
				cmdSimulateUpgrade: "The following packages have been kept back:\n   tzdata (2026b-0+deb12u1 => 2026f-0+deb12u1)\n" +
					"0 upgraded, 0 newly installed, 0 to remove and 1 not upgraded.\n",
			},
			want: "missing pkg:deb/debian/tzdata@…?arch=all from … security Debian-Security",
		},
		{
			name: "a point release that steps over a security update is one",
			say: map[string]string{
				cmdSimulate: "1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\nInst dpkg [1.21.23] (1.21.25 Debian:12.15/oldstable [amd64])\n",
				cmdVersions: " dpkg | 1.21.25 | http://mirror.lab bookworm/main amd64 Packages\n dpkg | 1.21.24 | http://mirror.lab bookworm-security/main amd64 Packages\n",
			},
			want: "missing pkg:deb/debian/dpkg@1.21.25?arch=amd64 from 1.21.23 security Debian",
		},
		{
			name: "a point release after the security update is of unknown class",
			say: map[string]string{
				cmdSimulate: "1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\nInst dpkg [1.21.23] (1.21.25 Debian:12.15/oldstable [amd64])\n",
				cmdVersions: " dpkg | 1.21.25 | http://mirror.lab bookworm/main amd64 Packages\n dpkg | 1.21.23 | http://mirror.lab bookworm-security/main amd64 Packages\n",
			},
			want: "missing pkg:deb/debian/dpkg@1.21.25?arch=amd64 from 1.21.23 unknown Debian",
		},
		{
			name: "a point release alone is of unknown class",
			say: map[string]string{
				cmdSimulate: "1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\nInst dpkg [1.21.23] (1.21.25 Debian:12.15/oldstable [amd64])\n",
				cmdVersions: " dpkg | 1.21.25 | http://mirror.lab bookworm/main amd64 Packages\n",
			},
			want: "missing pkg:deb/debian/dpkg@1.21.25?arch=amd64 from 1.21.23 unknown Debian",
		},
		{
			name: "a foreign architecture",
			say: map[string]string{
				cmdPackages: "libexpat1\ti386\t2.5.0-1\tii \t\n",
				cmdSimulate: "1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\nInst libexpat1:i386 [2.5.0-1] (2.5.0-2 Debian:12.15/oldstable [i386])\n",
				cmdVersions: "",
			},
			want: "missing pkg:deb/debian/libexpat1@…?arch=i386 from … unknown ",
		},
		{
			name: "dpkg was interrupted between two packages",
			say:  map[string]string{cmdJournal: "0003\n"},
			want: "missing pkg:deb/debian/tzdata@…?arch=all from … security Debian-Security held",
		},
		{name: "dpkg's scratch file is no journal", say: map[string]string{cmdJournal: "tmp.i\n"}, not: "held"},
		{
			name: "a finding of dpkg's audit alone",
			say:  map[string]string{cmdAudit: "The following packages are missing the list control file in the\ndatabase, they need to be reinstalled:\n tzdata  time zones\n\n"},
			want: "note tzdata: The following packages are missing the list control file in the database, they need to be reinstalled:; nothing can be installed before it is repaired (dpkg --configure -a)",
		},
		{name: "a host that updates itself", say: map[string]string{cmdConfig: "Dir \"/\";\nAPT::Periodic::Unattended-Upgrade \"1\";\n"}, want: "note unattended-upgrades is on: the host also updates itself, outside the rings"},
		{
			name: "a kernel that does not run yet",
			say: map[string]string{
				cmdKernel: "6.1.0-37-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)\n", cmdSimulate: none,
				cmdPackages: "linux-image-6.1.0-37-amd64\tamd64\t6.1.140-1\tii \t\nlinux-image-6.1.0-40-amd64\tamd64\t6.1.153-1\tii \t\n",
			},
			want: "reboot linux-image-6.1.0-40-amd64 is installed, 6.1.0-37-amd64 runs",
		},
		{name: "who asked for a reboot is not known", say: map[string]string{cmdRun: "lock\nreboot-required\n"}, want: "reboot /run/reboot-required"},
		{name: "a package that is kept back unnamed", say: map[string]string{cmdSimulate: "0 upgraded, 0 newly installed, 0 to remove and 1 not upgraded.\n"}, err: "1 packages are not upgraded, but 0 are named"},
		{name: "an index that is not verified", refresh: true, say: map[string]string{cmdIndexes: "no|http://x/||| http://x ./ Packages\n"}, err: "not signed by a trusted key"},
		{name: "no index", refresh: true, say: map[string]string{cmdIndexes: ""}, err: "no package index at all"},
		{
			name: "a source without index, when nothing is refreshed", err: "no index of \"http://mirror.lab/dists/lab-unsigned/\"",
			say: map[string]string{cmdSources: "'http://mirror.lab/dists/bookworm/InRelease' x 0 \n'http://mirror.lab/dists/lab-unsigned/InRelease' x 0 \n"},
		},
		{name: "verification switched off", say: map[string]string{cmdConfig: "Dir \"/\";\nAcquire::AllowInsecureRepositories \"1\";\n"}, err: "switched off by Acquire::AllowInsecureRepositories"},
		{name: "sources elsewhere", say: map[string]string{cmdConfig: "Dir \"/\";\nDir::Etc::sourcelist \"/srv/list\";\n"}, err: "they are elsewhere"},
		{name: "no configuration", say: map[string]string{cmdConfig: ""}, err: "cannot read apt's configuration"},
		{name: "the host changed meanwhile", say: map[string]string{cmdPackages: "tzdata\tall\t2026c\tii \t\n"}, err: "changed while the host was scanned"},
		{name: "a distribution that cannot be part of a purl", say: map[string]string{cmdOSRelease: "ID=\"deb/../ian\"\n"}, err: "no usable ID"},
	}
	base, story := loadRecording(t, "base"), loadRecording(t, "real")
	story[phaseScan+"/"+cmdSources] = story[phaseRescan+"/"+cmdSources]
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := play(t, base, story)
			for command, text := range tt.say {
				p.exec.On(command, nil, out(text))
			}
			got, err := scan(t, p, tt.refresh)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %q", err, tt.err)
				}
				return
			}
			words := scanWords(got, err)
			if tt.want != "" && !slices.Contains(strings.Split(words, "\n"), tt.want) || tt.not != "" && strings.Contains(words, tt.not) {
				t.Errorf("want %q, not %q, in\n%s", tt.want, tt.not, words)
			}
		})
	}
}

func TestNewerKernel(t *testing.T) {
	tests := []struct {
		installed      string
		running, uname string
		pending        bool
	}{
		{"linux-image-6.1.0-37-amd64 6.1.140-1", "6.1.0-37-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)", false},
		{"linux-image-6.1.0-37-amd64 6.1.147-1", "6.1.0-37-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)", true},
		{"linux-image-6.1.0-9-amd64 6.1.27-1,linux-image-6.1.0-10-amd64 6.1.37-1", "6.1.0-10-amd64", "", false},
		{"linux-image-6.12.41+deb13-amd64 6.12.41-1", "6.12.38+deb13-amd64", "", true},
		{"linux-image-5.15.0-143-generic 5.15.0-143.153", "5.15.0-140-generic", "#150-Ubuntu SMP", true},
		{"linux-image-5.15.0-143-generic 5.15.0-143.153", "5.15.0-143-generic", "#153-Ubuntu SMP", false},
		{"linux-image-amd64 6.1.153-1", "6.1.0-37-amd64", "", false},                    // the metapackage is no kernel
		{"linux-image-6.1.0-40-cloud-amd64 6.1.153-1", "6.1.0-37-amd64", "", false},     // another flavour
		{"linux-image-6.1.0-40-amd64 6.1.153-1", "6.18.44-fc-v669", "#1 SMP @0", false}, // a container on another kernel
	}
	for _, tt := range tests {
		var list []pkg
		for one := range strings.SplitSeq(tt.installed, ",") {
			name, version, _ := strings.Cut(one, " ")
			list = append(list, pkg{name: name, arch: "amd64", version: version})
		}
		if why := newerKernel(newDatabase("amd64", list), tt.running, tt.uname); (why != "") != tt.pending {
			t.Errorf("%s runs %s %s: %q", tt.installed, tt.running, tt.uname, why)
		}
	}
}

func TestReboot(t *testing.T) {
	exit := func(code int) providers.Output { return providers.Output{ExitCode: code, Stderr: []byte("said no\n")} }
	tests := []struct {
		name            string
		shutdown, plain providers.Output
		lost            bool
		asked           []string
		err             string
	}{
		{name: "shutdown", asked: []string{cmdReboot}},
		{name: "the connection is lost", lost: true, asked: []string{cmdReboot}},
		{name: "no shutdown program", shutdown: exit(127), asked: []string{cmdReboot, cmdRebootPlain}},
		{name: "refused", shutdown: exit(1), asked: []string{cmdReboot}, err: "said no"},
		{name: "no way to reboot", shutdown: exit(127), plain: exit(127), asked: []string{cmdReboot, cmdRebootPlain}, err: "exit code 127"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := play(t, recording{}, recording{})
			p.exec.On(cmdReboot, nil, tt.shutdown).On(cmdRebootPlain, nil, tt.plain)
			if tt.lost {
				p.exec.Fail(cmdReboot, nil, providers.ErrLost)
			}
			err := New().Reboot(t.Context(), providers.HostRef{}, p.exec)
			if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if got := asked(p); !slices.Equal(got, tt.asked) {
				t.Errorf("asked %q, want %q", got, tt.asked)
			}
		})
	}
	p := play(t, recording{}, recording{})
	p.exec.Fail(cmdReboot, nil, providers.ErrUnreachable)
	if err := New().Reboot(t.Context(), providers.HostRef{}, p.exec); !errors.Is(err, providers.ErrUnreachable) {
		t.Errorf("an unreachable host was not rebooted: %v", err)
	}
}

func asked(p *player) []string {
	var names []string
	for _, c := range p.exec.Calls() {
		names = append(names, c.Command)
	}
	return names
}
