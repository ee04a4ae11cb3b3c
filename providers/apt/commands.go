package apt

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/providers"
)

// The commands of the allow-list.
const (
	cmdArch            = "arch"
	cmdAudit           = "audit"
	cmdBootID          = "boot-id"
	cmdClock           = "clock"
	cmdConfig          = "config"
	cmdFailedUnits     = "failed-units"
	cmdIndexes         = "indexes"
	cmdInstall         = "install"
	cmdInstallRemoving = "install-removing"
	cmdJournal         = "journal"
	cmdKernel          = "kernel"
	cmdOSRelease       = "os-release"
	cmdPackages        = "packages"
	cmdPolicy          = "policy"
	cmdReboot          = "reboot"
	cmdRebootPlain     = "reboot-plain"
	cmdRebootPkgs      = "reboot-required-pkgs"
	cmdRefresh         = "refresh"
	cmdRun             = "run-files"
	cmdSimulate        = "simulate"
	cmdSimulateInstall = "simulate-install"
	cmdSimulatePhased  = "simulate-phased"
	cmdSimulateUpgrade = "simulate-upgrade"
	cmdSourceOptions   = "source-options"
	cmdSources         = "sources"
	cmdSpace           = "space"
	cmdSystem          = "system-state"
	cmdURIs            = "uris"
	cmdVersions        = "versions"
)

// LockTimeout is how long apt-get waits for another package manager, in seconds: longer than most single
// transactions, far shorter than a window.
const LockTimeout = "120"

// environ makes the output parsable and the run unattended. PATH has the sbin folders that dpkg insists on and some
// login shells omit. ucf asks about its configuration files apart from dpkg, so it is answered apart.
var environ = []string{
	"env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive",
	"APT_LISTCHANGES_FRONTEND=none", "UCF_FORCE_CONFFOLD=1",
}

// verified overrides a configuration that would switch verification off, as far as a command line can; what it
// cannot override (options of single sources) is looked for by source-options.
var verified = []string{
	"-o", "APT::Get::AllowUnauthenticated=false",
	"-o", "Acquire::AllowInsecureRepositories=false",
	"-o", "Acquire::AllowWeakRepositories=false",
	"-o", "Acquire::AllowDowngradeToInsecureRepositories=false",
	"-o", "Acquire::Check-Valid-Until=true",
	"-o", "Acquire::Check-Date=true",
}

// exact keeps apt-get from doing what nobody asked for; the same for simulations and installations, or they would
// differ.
var exact = []string{"--no-install-recommends", "-o", "APT::Get::AutomaticRemove=false", "-o", "APT::Get::HideAutoRemove=true"}

var simulated = []string{"-s", "-V", "-o", "APT::Get::Show-User-Simulation-Note=false"}

// installed answers dpkg's questions about edited configuration files: its default if it has one, else the file that
// is there. Without these options even a noninteractive installation fails on them. dpkg writes to a pseudo-terminal of
// apt-get's: apt-get survives the loss of the connection, but a dpkg that writes into it dies halfway.
var installed = []string{
	"-y", "-o", "Dpkg::Use-Pty=true", "-o", "DPkg::Lock::Timeout=" + LockTimeout,
	"-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold",
}

// commands returns the allow-list, sorted by name.
func commands() []providers.Command {
	read := func(name string, argv ...string) providers.Command {
		return providers.Command{Name: name, Argv: slices.Concat(environ, argv)}
	}
	get := func(name string, argv ...[]string) providers.Command {
		return read(name, slices.Concat([]string{"apt-get", "-q"}, verified, slices.Concat(argv...))...)
	}
	all := []providers.Command{
		read(cmdArch, "dpkg", "--print-architecture"),
		asRoot(read(cmdAudit, "dpkg", "--audit")), // with findings it looks at dpkg's lock, which only root may
		read(cmdBootID, "cat", "/proc/sys/kernel/random/boot_id"),
		read(cmdClock, "date", "-u", "+%s"),
		read(cmdConfig, "apt-config", "dump"),
		read(cmdFailedUnits, "systemctl", "list-units", "--state=failed", "--plain", "--full", "--no-legend", "--no-pager"),
		read(cmdIndexes, "apt-get", "indextargets", "--format", indexFormat),
		asRoot(mutating(get(cmdInstall, exact, installed, []string{"--no-remove", "install", "{pkgver...}"}))),
		asRoot(mutating(get(cmdInstallRemoving, exact, installed, []string{"install", "{pkgver...}"}))),
		read(cmdJournal, "ls", "-A", "/var/lib/dpkg/updates"),
		read(cmdKernel, "uname", "-r", "-v"),
		read(cmdOSRelease, "cat", "/etc/os-release"),
		read(cmdPackages, "dpkg-query", "-W", "-f", packageFormat),
		read(cmdPolicy, "apt-cache", "policy"),
		asRoot(mutating(read(cmdReboot, "shutdown", "-r", "now"))),
		asRoot(mutating(read(cmdRebootPlain, "reboot"))),
		read(cmdRebootPkgs, "cat", "/run/reboot-required.pkgs"),
		asRoot(get(cmdRefresh, []string{"--error-on=any", "update"})),
		read(cmdRun, "ls", "-A", "/run"),
		get(cmdSimulate, exact, simulated, []string{"--ignore-hold", "dist-upgrade"}),
		get(cmdSimulateInstall, exact, simulated, []string{"install", "{pkgver...}"}),
		get(cmdSimulatePhased, exact, simulated, []string{
			"--ignore-hold", "-o", "APT::Get::Always-Include-Phased-Updates=true", "dist-upgrade",
		}),
		get(cmdSimulateUpgrade, exact, simulated, []string{"--ignore-hold", "upgrade"}),
		asRoot(read(cmdSourceOptions, "grep", "-R", "-E", "-i", "-o", "-s", "--include=*.list", "--include=*.sources",
			"-e", sourceOptionPattern, "/etc/apt")),
		get(cmdSources, []string{"--print-uris", "update"}),
		read(cmdSpace, append([]string{"df", "-P", "-k"}, spacePaths...)...),
		read(cmdSystem, "systemctl", "is-system-running"),
		get(cmdURIs, exact, []string{"--print-uris", "install", "{pkgver...}"}),
		read(cmdVersions, "apt-cache", "madison", "{package...}"),
	}
	slices.SortFunc(all, func(a, b providers.Command) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func asRoot(c providers.Command) providers.Command {
	c.Root = true
	return c
}

func mutating(c providers.Command) providers.Command {
	c.Mutates = true
	return c
}
