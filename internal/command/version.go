package command

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/policies"
)

// release is set by the linker; a build without it says so, unless go install made it from a release.
var release = unreleased

const unreleased = "0.1.0-dev"

func version() string {
	if release != unreleased {
		return release
	}
	return installed()
}

// installed is the release that go install built the program from.
var installed = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok && policies.IsRelease(info.Main.Version) {
		return info.Main.Version
	}
	return unreleased
})

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit it was built from and the time zone data it carries",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				a.out.emit("progress", "", event{"go": runtime.Version(), "tzdata": window.TzdataVersion(), "commit": commit()})
				return nil
			}
			fmt.Fprintf(a.Stdout, "ringfence %s %s tzdata %s %s\n", version(), commit(), window.TzdataVersion(), runtime.Version())
			return nil
		},
	}
}

func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "unknown"
}
