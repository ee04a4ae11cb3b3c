package apt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/providers"
)

// packageFormat is understood by dpkg-query itself, \t and \n included.
const packageFormat = `${Package}\t${Architecture}\t${Version}\t${db:Status-Abbrev}\t${Config-Version}\n`

// pkg is what dpkg knows of one package.
type pkg struct {
	name, arch, version string
	configured          string // of an unfinished package: the version that was configured last
	held                bool
	unfinished          string // what dpkg left it at, empty when installed properly
}

// unfinishedStates are those of Status-Abbrev's second letter that are neither installed nor gone.
var unfinishedStates = map[byte]string{
	'U': "unpacked", 'F': "half-configured", 'H': "half-installed", 'W': "waiting for triggers", 't': "with pending triggers",
}

var packageLine = lazyregexp.New(`^(` + namePart + `)\t([a-z][a-z0-9-]*)\t(` + versionPart + `)?\t([uihrp])([ncHUFWti])([ R])\t(` +
	versionPart + `)?$`)

// parsePackages reads the dpkg database. Packages of which at most configuration files are left are not returned.
func parsePackages(text string) ([]pkg, error) {
	var out []pkg
	for line := range strings.Lines(text) {
		m := packageLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			return nil, unreadable("a package of dpkg", line)
		}
		state := m[5][0]
		if state == 'n' || state == 'c' {
			continue
		}
		p := pkg{name: m[1], arch: m[2], version: m[3], configured: m[7], held: m[4] == "h", unfinished: unfinishedStates[state]}
		if m[6] == "R" {
			p.unfinished = "in need of reinstallation"
		}
		if p.version == "" {
			return nil, unreadable("the version", line)
		}
		out = append(out, p)
	}
	if out == nil {
		return nil, fmt.Errorf("dpkg lists no package at all")
	}
	return out, nil
}

// database is the dpkg database of one host, by apt's names.
type database struct {
	native string
	pkgs   map[string]pkg
}

func newDatabase(native string, list []pkg) database {
	db := database{native: native, pkgs: make(map[string]pkg, len(list))}
	for _, p := range list {
		db.pkgs[db.display(p.name, p.arch)] = p
	}
	return db
}

// display is how apt names a package: with its architecture when that is foreign. A package may move between "all"
// and the native architecture from one version to the next and keeps its name.
func (db database) display(name, arch string) string {
	if arch == "" || arch == "all" || arch == db.native {
		return name
	}
	return name + ":" + arch
}

// names returns apt's names of all packages that match, sorted.
func (db database) names(match func(pkg) bool) []string {
	var out []string
	for name, p := range db.pkgs {
		if match(p) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (db database) held() []string { return db.names(func(p pkg) bool { return p.held }) }

// list returns the installed packages, sorted by apt's names.
func (db database) list() []providers.Package {
	var out []providers.Package
	for _, name := range db.names(func(p pkg) bool { return p.unfinished == "" }) {
		p := db.pkgs[name]
		out = append(out, providers.Package{Name: p.name, Arch: p.arch, Version: p.version})
	}
	return out
}

// unfinished says what dpkg left undone, one sentence each: packages, and a journal that was not merged.
func (db database) unfinished() []string {
	var out []string
	for _, name := range db.names(func(p pkg) bool { return p.unfinished != "" }) {
		p := db.pkgs[name]
		out = append(out, fmt.Sprintf("dpkg left %s %s %s", name, p.version, p.unfinished))
	}
	return out
}

// harmlessAudit are findings of "dpkg --audit" that stop no installation: packages built without checksums.
const harmlessAudit = "md5sums control file"

// parseAudit returns the findings of "dpkg --audit", one line each: paragraphs of prose, then indented package names.
func parseAudit(text string) []string {
	var out []string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		lines := strings.Split(strings.Trim(paragraph, "\n"), "\n")
		if lines[0] == "" {
			continue
		}
		var prose, names []string
		for _, line := range lines {
			if name, indented := strings.CutPrefix(line, " "); indented {
				name, _, _ = strings.Cut(name, " ")
				names = append(names, name)
			} else {
				prose = append(prose, line)
			}
		}
		finding := strings.Join(prose, " ")
		if !strings.Contains(finding, harmlessAudit) {
			out = append(out, strings.Join(names, ", ")+": "+finding)
		}
	}
	return out
}
