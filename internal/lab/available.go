//go:build linux

package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Missing is what keeps the lab from running here, with the command that mends it.
type Missing struct{ What, Mend string }

func (m *Missing) Error() string { return "lab: " + m.What + "; to mend it: " + m.Mend }

// tool is a program and the Debian package that brings it.
type tool struct{ program, pkg string }

var (
	runTools   = []tool{{"unshare", "util-linux"}, {"nsenter", "util-linux"}, {"ip", "iproute2"}, {"tar", "tar"}, {"zstd", "zstd"}, {"ssh", "openssh-client"}}
	buildTools = []tool{{"mmdebstrap", "mmdebstrap"}, {"dpkg-deb", "dpkg"}, {"apt-ftparchive", "apt-utils"}, {"tar", "tar"}, {"zstd", "zstd"}}
	userTools  = []tool{{"newuidmap", "uidmap"}}
)

// Available reports why hosts cannot be brought up here, as a *Missing wherever a command mends it, or nil. It looks
// for the programs, tries the namespaces and looks for the base; it changes nothing.
func Available() error {
	return available(Dir())
}

func available(dir string) error {
	if err := tools(runTools); err != nil {
		return err
	}
	if err := probe(); err != nil {
		return err
	}
	return built(dir)
}

// tools reports all missing programs at once, so that one installation mends them.
func tools(need []tool) error {
	if os.Geteuid() != 0 {
		need = append(need[:len(need):len(need)], userTools...)
	}
	var programs, pkgs []string
	for _, t := range need {
		if _, err := exec.LookPath(t.program); err != nil {
			programs, pkgs = append(programs, t.program), append(pkgs, t.pkg)
		}
	}
	if programs == nil {
		return nil
	}
	return &Missing{"not installed: " + strings.Join(programs, ", "), "apt-get install " + strings.Join(pkgs, " ")}
}

// probe enters the namespaces for real: no list of sysctls, security modules and container settings is complete.
func probe() error {
	if Inside() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "unshare", append(unshareFlags(), "true")...).CombinedOutput()
	if err == nil {
		return nil
	}
	what := fmt.Sprintf("no namespaces: %v: %s", err, strings.TrimSpace(string(out)))
	if os.Geteuid() == 0 {
		return &Missing{what, "run it outside the container, or give the container CAP_SYS_ADMIN and an unmasked /proc"}
	}
	return &Missing{what, "allow user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0) and give the " +
		"user a range (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER), or run it as root"}
}

func built(dir string) error {
	l, err := layoutOf(dir)
	if err != nil {
		return err
	}
	for _, p := range []string{l.base(), l.mirror(), l.run()} {
		if !exists(p) {
			return &Missing{"nothing built for this version at " + p, "go run ./internal/lab/labctl build"}
		}
	}
	return nil
}
