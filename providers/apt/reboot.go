package apt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/providers"
)

const notFound = 127 // exit code of env for a program that is not there

// Reboot asks for a reboot at once. That the connection is lost meanwhile is what a reboot does, not an error. Whether
// the host came back is for the caller to find out, by its boot id.
func (*Provider) Reboot(ctx context.Context, _ providers.HostRef, x providers.Exec) error {
	for _, command := range []string{cmdReboot, cmdRebootPlain} {
		out, err := x.Run(ctx, command, nil)
		switch {
		case errors.Is(err, providers.ErrLost):
			return nil
		case err != nil:
			return fmt.Errorf("apt: %s: %w", command, err)
		case out.ExitCode == 0:
			return nil
		case out.ExitCode != notFound || command == cmdRebootPlain:
			return fmt.Errorf("apt: %s: exit code %d: %s", command, out.ExitCode, complaint(out))
		}
	}
	return nil
}

// reboot reads whether the host waits for a reboot.
func (s *scanner) reboot(ctx context.Context) error {
	release, why, err := rebootPending(ctx, s.x, s.state.db)
	s.out.Kernel, s.out.RebootWhy, s.out.RebootPending = release, why, len(why) > 0
	return err
}

// rebootPending returns the running kernel's release and why the host must be rebooted: packages asked for it, or a
// newer kernel is installed than the one that runs.
func rebootPending(ctx context.Context, x providers.Exec, db database) (release string, why []string, err error) {
	text, err := read(ctx, x, cmdKernel, nil)
	if err != nil {
		return "", nil, err
	}
	release, version, _ := strings.Cut(strings.TrimSpace(text), " ")
	if release == "" {
		return "", nil, fmt.Errorf("apt: %w", unreadable("the kernel's release", text))
	}
	if why, err = rebootAsked(ctx, x); err != nil {
		return "", nil, err
	}
	if kernel := newerKernel(db, release, version); kernel != "" {
		why = append(why, kernel)
	}
	return release, why, nil
}

// rebootAsked reads /run/reboot-required, Debian's and Ubuntu's convention, and who asked.
func rebootAsked(ctx context.Context, x providers.Exec) ([]string, error) {
	files, err := read(ctx, x, cmdRun, nil)
	if err != nil {
		return nil, err
	}
	names := strings.Fields(files)
	if !slices.Contains(names, "reboot-required") {
		return nil, nil
	}
	if !slices.Contains(names, "reboot-required.pkgs") {
		return []string{"/run/reboot-required"}, nil
	}
	text, err := read(ctx, x, cmdRebootPkgs, nil)
	if err != nil {
		return nil, err
	}
	asked := strings.Fields(text)
	if len(asked) == 0 {
		asked = []string{"/run/reboot-required"}
	}
	slices.Sort(asked)
	return slices.Compact(asked), nil
}

var (
	kernelPackage = lazyregexp.New(`^linux-image-(?:unsigned-)?(\d.*)$`)
	kernelRelease = lazyregexp.New(`^\d[0-9.]*(?:\+deb\d+)?-(?:\d[0-9a-z.]*-)?(.+)$`)
	debianVersion = lazyregexp.New(`\bDebian (` + versionPart + `)`)
)

// newerKernel names the newest installed kernel of the running one's flavour (amd64, cloud-amd64, …) if that is not
// what runs. Debian keeps a kernel's release over small updates, so there the version in "uname -v" counts too. Hosts
// without kernel packages, such as containers, have no kernel of their own.
func newerKernel(db database, release, version string) string {
	newest, version0 := "", ""
	for _, name := range db.names(func(p pkg) bool { return kernelPackage.MatchString(p.name) }) {
		p := db.pkgs[name]
		image := kernelPackage.FindStringSubmatch(p.name)[1]
		if flavour(image) != flavour(release) {
			continue
		}
		if newer(p.version, version0) {
			newest, version0 = image, p.version
		}
	}
	built := debianVersion.FindStringSubmatch(version)
	switch {
	case newest == "":
		return ""
	case newest != release:
		return fmt.Sprintf("linux-image-%s is installed, %s runs", newest, release)
	case built != nil && built[1] != version0:
		return fmt.Sprintf("linux-image-%s %s is installed, %s runs", newest, version0, built[1])
	}
	return ""
}

func flavour(release string) string {
	if m := kernelRelease.FindStringSubmatch(release); m != nil {
		return m[1]
	}
	return ""
}
