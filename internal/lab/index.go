//go:build linux

package lab

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// stanza is one package's paragraph of an index.
type stanza string

func (s stanza) get(field string) string {
	m := fieldPattern(field).FindStringSubmatch(string(s))
	if m == nil {
		return ""
	}
	return m[1]
}

func (s stanza) is(field, value string) bool { return s.get(field) == value }

// in tells whether the package lies in the given folder of the pool.
func (s stanza) in(folder string) bool {
	return strings.HasPrefix(s.get("Filename"), "pool/"+folder+"/")
}

func (s stanza) with(field, value string) stanza {
	line := field + ": " + value
	if p := fieldPattern(field); p.MatchString(string(s)) {
		return stanza(p.ReplaceAllLiteralString(string(s), line))
	}
	return s + stanza("\n"+line)
}

func fieldPattern(field string) *regexp.Regexp {
	return regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(field) + `: (.*)$`)
}

// scanPool lists the packages below dir/pool.
func scanPool(ctx context.Context, dir string) ([]stanza, error) {
	cmd := exec.CommandContext(ctx, "apt-ftparchive", "packages", "pool")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("apt-ftparchive: %w", err)
	}
	var all []stanza
	for p := range strings.SplitSeq(string(out), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			all = append(all, stanza(p))
		}
	}
	return all, nil
}

// write makes dists/NAME below dir: the index, its compressed form, and the release file over both.
func (s suite) write(dir string, all []stanza, keys signers, now time.Time) error {
	index := s.index(all)
	dist := filepath.Join(dir, "dists", s.name)
	rel := "main/binary-" + debArch() + "/Packages"
	files := map[string][]byte{rel: index, rel + ".gz": compress(index)}
	for name, data := range files {
		if err := put(filepath.Join(dist, name), data, 0o644); err != nil {
			return err
		}
	}
	release := s.release(files, now)
	if err := put(filepath.Join(dist, "Release"), release, 0o644); err != nil || s.trust == unsigned {
		return err
	}
	text, err := keys.sign(s.trust, release)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dist, "InRelease"), text, 0o644)
}

func (s suite) index(all []stanza) []byte {
	var b bytes.Buffer
	for _, p := range all {
		if !s.take(p) {
			continue
		}
		if s.tweak != nil {
			p = s.tweak(p)
		}
		fmt.Fprintf(&b, "%s\n\n", p)
	}
	return b.Bytes()
}

func (s suite) release(files map[string][]byte, now time.Time) []byte {
	codename := cmp.Or(s.standsIn, s.name)
	date, until := s.dates(now)
	var b bytes.Buffer
	// Debian's suites are named for their age while their codenames stay: sources name the codename.
	fmt.Fprintf(&b, "Origin: Debian\nLabel: %s\nSuite: %s\nVersion: 12\nCodename: %s\n",
		s.label, strings.Replace(codename, "bookworm", "oldstable", 1), codename)
	fmt.Fprintf(&b, "Date: %s\n", stamp(date))
	if !until.IsZero() {
		fmt.Fprintf(&b, "Valid-Until: %s\n", stamp(until))
	}
	fmt.Fprintf(&b, "Architectures: %s\nComponents: main\nDescription: Ringfence lab\nSHA256:\n", debArch())
	for name, data := range files {
		fmt.Fprintf(&b, " %x %d %s\n", sha256.Sum256(data), len(data), name)
	}
	return b.Bytes()
}

func stamp(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 UTC") }

func compress(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}
