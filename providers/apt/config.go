package apt

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
)

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

var configLine = lazyregexp.New(`^([^ "]+) "(.*)";$`)

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

var sourceOption = lazyregexp.New(`(?i)(` + sourceOptionNames + `)\s*[=:]\s*([A-Za-z0-9]*)`)

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

var (
	priorityLine = lazyregexp.New(`^ *(-?\d+) (\S.*)$`)
	pinnedLine   = lazyregexp.New(`^ +(` + namePart + `) -> (\S+) with priority (-?\d+)$`)
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
