//go:build linux

package lab

// synthetic are the packages that misbehave. Each exists as a harmless 1.0 and as the 1.1 below; where a row says
// nothing, 1.1 is harmless too and its suite does the mischief.
var synthetic = []pkg{
	{name: "lab-good"},
	{name: "lab-bugfix"},
	{name: "lab-held"},
	{name: "lab-phased"},
	{name: "lab-badhash"},
	{name: "lab-gone"},
	{name: "lab-victim"},
	{name: "lab-newdep", fields: "Depends: lab-newlib (>= 1.1)\n"},
	{name: "lab-newlib"},
	{name: "lab-remover", fields: "Conflicts: lab-victim\n"},
	{name: "lab-big", blob: 2 << 20},
	{name: "lab-badpre", preinst: "echo 'lab-badpre: refusing' >&2; exit 4\n"},
	{name: "lab-badpost", postinst: "echo 'lab-badpost: migrating'; echo 'lab-badpost: migration failed' >&2; exit 3\n"},
	{name: "lab-slow", postinst: "for i in 1 2 3 4 5; do echo \"lab-slow: step $i\"; sleep 1; done\n"},
	{name: "lab-killssh", postinst: "echo 'lab-killssh: killing sshd'; pkill -9 sshd; sleep 1\n"},
	{name: "lab-reboot", postinst: "echo '*** System restart required ***' >/run/reboot-required\necho lab-reboot >>/run/reboot-required.pkgs\n"},
	{name: "lab-conffile", conffile: "/etc/lab-conffile.conf"},
	{
		name: "lab-debconf", fields: "Depends: debconf\n",
		templates: "Template: lab-debconf/choice\nType: select\nChoices: keep, migrate\n" +
			"Description: What to do with the old data?\n A critical question without a default.\n",
		config:   ". /usr/share/debconf/confmodule\ndb_input critical lab-debconf/choice || true\ndb_go\n",
		postinst: ". /usr/share/debconf/confmodule\ndb_get lab-debconf/choice\necho \"$RET\" >/usr/share/lab-debconf/choice\n",
	},
	// The first configure after the flag was set loses its dpkg, as in a power cut: what dpkg did is then only in its
	// journal, which is what makes apt insist on "dpkg --configure -a".
	{name: "lab-interrupt", postinst: "rm " + interruptFlag + " 2>/dev/null && kill -9 $PPID\nexit 0\n"},
}

const interruptFlag = "/var/lib/lab-interrupt"

// pkg is a package to build. The scripts are shell without their first line; postinst runs for "configure" only.
type pkg struct {
	name, version     string
	fields            string // further control lines
	preinst, postinst string
	config, templates string
	conffile          string // path of a configuration file that differs between versions
	blob              int    // bytes of incompressible payload
}

// versions are the builds of a row: 1.0 keeps only what must differ from 1.1 by content, 1.2 is for a mirror that
// moved on.
func (p pkg) versions() []pkg {
	first, next := pkg{name: p.name, version: "1.0", conffile: p.conffile}, pkg{name: p.name, version: "1.2"}
	p.version = "1.1"
	if p.name == "lab-good" {
		return []pkg{first, p, next}
	}
	return []pkg{first, p}
}
