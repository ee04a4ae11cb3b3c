// Package annotations renders diagnostics for machines that show them beside the lines they are of: SARIF for code
// scanning and editors, workflow commands for GitHub's pull requests, JSON for everything else. All take columns in the
// units that their readers count, which needs the source.
package annotations

import (
	"io/fs"
	"strings"
	"unicode/utf16"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// Source finds the lines of files; it reads each once. The file system may be nil.
type Source struct {
	tree  fs.FS
	lines map[string][]string
}

// NewSource reads from a repository's root.
func NewSource(tree fs.FS) *Source { return &Source{tree, map[string][]string{}} }

// line is a line of a file, counted from 1, without its end; "" if there is none.
func (s *Source) line(file string, number int) string {
	lines, read := s.lines[file]
	if !read {
		if s.tree != nil && fs.ValidPath(file) {
			if data, err := fs.ReadFile(s.tree, file); err == nil {
				lines = strings.Split(string(data), "\n")
			}
		}
		s.lines[file] = lines
	}
	if number < 1 || number > len(lines) {
		return ""
	}
	return strings.TrimSuffix(lines[number-1], "\r")
}

// column turns a column of bytes into one of UTF-16 code units, which is what SARIF and GitHub count. Both count from 1.
func (s *Source) column(file string, p diag.Pos) int {
	if p.Column < 1 {
		return 1
	}
	line := s.line(file, p.Line)
	before := line[:min(p.Column-1, len(line))]
	n := p.Column - len(before)
	for _, r := range before {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// text is what a person should read of a diagnostic, in whole lines.
func text(d diag.Diagnostic) string {
	parts, fix := []string{d.Summary}, "fix: "
	if d.Severity == diag.Info {
		fix = "next: " // nothing needs to be mended
	}
	for _, more := range []string{d.Detail, prefixed(fix, d.Fix)} {
		if more != "" {
			parts = append(parts, more)
		}
	}
	return clean(strings.Join(parts, "\n"))
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// clean keeps control characters and what turns text around out of what others show.
func clean(s string) string { return untrusted.Block(s, maxText) }

const maxText = 4000
