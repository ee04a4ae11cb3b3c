package apt

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// indexFormat prints one downloaded index a line. A description has no "|"; it comes last all the same.
const indexFormat = "$(TRUSTED)|$(BASE_URI)|$(LABEL)|$(SUITE)|$(DESCRIPTION)"

// index is one downloaded index of a repository.
type index struct {
	trusted     bool
	baseURI     string // where its Release file lives, with a slash at the end
	description string // what "apt-cache madison" names it by
	archive     archive
}

func parseIndexes(text string) ([]index, error) {
	var out []index
	for line := range strings.Lines(text) {
		f := strings.SplitN(strings.TrimRight(line, "\r\n"), "|", 5)
		if len(f) != 5 || f[0] != "yes" && f[0] != "no" || f[1] == "" || f[4] == "" {
			return nil, unreadable("an index", line)
		}
		// apt prints a field that the repository lacks as it was asked for.
		for i := range f {
			if strings.HasPrefix(f[i], "$(") {
				f[i] = ""
			}
		}
		out = append(out, index{f[0] == "yes", f[1], f[4], archive{f[2], f[3]}})
	}
	return out, nil
}

var uriLine = regexp.MustCompile(`^'([^']+)' \S+ (\d+) ?(\S*)$`)

// parseSources reads "apt-get --print-uris update": the base URIs of all configured repositories.
func parseSources(text string) ([]string, error) {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \r\n")
		if !strings.HasPrefix(line, "'") {
			continue
		}
		m := uriLine.FindStringSubmatch(line)
		if m == nil {
			return nil, unreadable("a source", line)
		}
		if base, ok := strings.CutSuffix(m[1], "InRelease"); ok {
			out = append(out, base)
		}
	}
	return out, nil
}

// insecureSettings switch verification off.
var insecureSettings = []string{
	"APT::Get::AllowUnauthenticated",
	"APT::Get::Force-Yes",
	"Acquire::AllowInsecureRepositories",
	"Acquire::AllowWeakRepositories",
	"Acquire::AllowDowngradeToInsecureRepositories",
}

// placedSettings say where apt looks for its sources. The check of their options looks only there.
var placedSettings = map[string]string{
	"RootDir": "", "Dir": "/", "Dir::Etc": "etc/apt",
	"Dir::Etc::sourcelist": "sources.list", "Dir::Etc::sourceparts": "sources.list.d",
}

// config is apt's configuration: plain values by lower-case key, as apt compares them.
type config map[string]string

var configLine = regexp.MustCompile(`^([^ "]+) "(.*)";$`)

// parseConfig reads "apt-config dump". Values that span lines belong to hooks and are not kept.
func parseConfig(text string) config {
	out := config{}
	for line := range strings.Lines(text) {
		if m := configLine.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
			out[strings.ToLower(m[1])] = m[2]
		}
	}
	return out
}

func (c config) get(key string) string { return c[strings.ToLower(key)] }

// truthy is how apt reads a switch; what it cannot read is on, to be safe.
func truthy(value string) bool {
	off := []string{"", "0", "no", "false", "without", "off", "disable"}
	return !slices.Contains(off, strings.ToLower(strings.TrimSpace(value)))
}

// insecure returns the settings that would let apt install what it did not verify. A setting may be made for one
// program only.
func (c config) insecure() []string {
	var out []string
	for _, key := range insecureSettings {
		for _, scope := range []string{"", "Binary::apt-get::", "Binary::apt::"} {
			if truthy(c.get(scope + key)) {
				out = append(out, scope+key)
			}
		}
	}
	return out
}

// misplaced returns the settings by which apt reads its sources from elsewhere.
func (c config) misplaced() []string {
	var out []string
	for key, want := range placedSettings {
		if got := c.get(key); got != "" && strings.Trim(got, "/") != strings.Trim(want, "/") {
			out = append(out, fmt.Sprintf("%s %q", key, got))
		}
	}
	slices.Sort(out)
	return out
}

// unattended says whether the host updates itself, behind the rings' back.
func (c config) unattended() bool {
	enabled, set := c[strings.ToLower("APT::Periodic::Enable")]
	return truthy(c.get("APT::Periodic::Unattended-Upgrade")) && (!set || truthy(enabled))
}

const sourceOptionNames = `trusted|allow-insecure|allow-weak|allow-downgrade-to-insecure|check-valid-until|check-date`

// sourceOptionPattern finds the options of single sources that weaken verification. It stops after the option's
// value: addresses may hold passwords.
const sourceOptionPattern = `^[^#]*(` + sourceOptionNames + `)[[:space:]]*[=:][[:space:]]*[A-Za-z0-9]*`

var sourceOption = regexp.MustCompile(`(?i)(` + sourceOptionNames + `)\s*[=:]\s*([A-Za-z0-9]*)`)

// parseSourceOptions reads grep's answer, "file:match" a line, into options that weaken verification and those that
// only stop the check of an index's age.
func parseSourceOptions(text string) (insecure, undated []string) {
	for line := range strings.Lines(text) {
		file, match, ok := strings.Cut(line, ":")
		if !ok {
			file, match = "", line
		}
		for _, m := range sourceOption.FindAllStringSubmatch(match, -1) {
			name := strings.ToLower(m[1])
			found := fmt.Sprintf("%s: %s=%s", file, name, m[2])
			switch {
			case strings.HasPrefix(name, "check-"):
				if m[2] != "" && !truthy(m[2]) {
					undated = append(undated, found)
				}
			case m[2] == "" || truthy(m[2]):
				insecure = append(insecure, found)
			}
		}
	}
	return insecure, undated
}

var versionLine = regexp.MustCompile(`^ *(` + namePart + `) \| +(` + versionPart + `) \| (\S.*)$`)

// available is one version of a package in one index.
type available struct{ name, version, description string }

// parseVersions reads "apt-cache madison". Source packages are left out.
func parseVersions(text string) ([]available, error) {
	var out []available
	for line := range strings.Lines(text) {
		m := versionLine.FindStringSubmatch(strings.TrimRight(line, " \r\n"))
		if m == nil {
			return nil, unreadable("a version", line)
		}
		if !strings.HasSuffix(m[3], " Sources") {
			out = append(out, available{m[1], m[2], m[3]})
		}
	}
	return out, nil
}

var (
	priorityLine = regexp.MustCompile(`^ *(-?\d+) (\S.*)$`)
	pinnedLine   = regexp.MustCompile(`^ +(` + namePart + `) -> (\S+) with priority (-?\d+)$`)
)

// leastOffered is the lowest priority at which apt upgrades an installed package from an archive.
const leastOffered = 100

// parsePolicy reads "apt-cache policy" for what the administrator's preferences keep apt from offering: archives of a
// low priority and pinned packages, sorted.
func parsePolicy(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \r\n")
		if m := pinnedLine.FindStringSubmatch(line); m != nil {
			out = append(out, fmt.Sprintf("%s is pinned to %s with priority %s", m[1], m[2], m[3]))
		} else if m := priorityLine.FindStringSubmatch(line); m != nil && lowPriority(m[1]) {
			out = append(out, fmt.Sprintf("%s has priority %s and is not offered", m[2], m[1]))
		}
	}
	slices.Sort(out)
	return out
}

func lowPriority(digits string) bool {
	n, err := strconv.Atoi(digits)
	return err == nil && n < leastOffered
}
