package apt

import (
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
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

var uriLine = lazyregexp.New(`^'([^']+)' \S+ (\d+) ?(\S*)$`)

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

var versionLine = lazyregexp.New(`^ *(` + namePart + `) \| +(` + versionPart + `) \| (\S.*)$`)

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
