//go:build linux

package lab

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// release is what the hosts run, whatever the machine runs.
const release = "bookworm"

// archive is where Debian's packages come from.
type archive struct{ main, security string }

// findArchive takes the given address, else asks apt where this machine gets its own packages.
func findArchive(ctx context.Context, given string) (archive, error) {
	if a := strings.Fields(given); len(a) > 0 {
		a = append(a, "")
		return archive{strings.TrimSuffix(a[0], "/"), strings.TrimSuffix(a[1], "/")}.complete()
	}
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format",
		"$(LABEL)|$(RELEASE)|$(REPO_URI)", "Created-By: Packages").Output()
	if err != nil {
		return archive{}, fmt.Errorf("ask apt for its sources: %w", err)
	}
	return fromTargets(string(out)).complete()
}

// fromTargets prefers sources of the hosts' own release; those of a later one serve it too, from the same address.
func fromTargets(lines string) archive {
	var exact, other archive
	for line := range strings.Lines(lines) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) != 3 {
			continue
		}
		uri := strings.TrimSuffix(f[2], "/")
		switch {
		case f[0] == "Debian" && f[1] == release:
			exact.main = uri
		case f[0] == "Debian-Security" && f[1] == release+"-security":
			exact.security = uri
		case f[0] == "Debian":
			other.main = cmp.Or(other.main, uri)
		case f[0] == "Debian-Security":
			other.security = cmp.Or(other.security, uri)
		}
	}
	return archive{cmp.Or(exact.main, other.main), cmp.Or(exact.security, other.security)}
}

func (a archive) complete() (archive, error) {
	if a.main == "" {
		return a, &Missing{"apt has no Debian archive (or no lists yet)", "apt-get update, or set LAB_MIRROR=http://deb.debian.org/debian"}
	}
	a.security = cmp.Or(a.security, a.main+"-security")
	return a, nil
}
