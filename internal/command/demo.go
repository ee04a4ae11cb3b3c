package command

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/examples"
	"github.com/ringfence/ringfence/internal/demo"
)

func newDemo(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "demo [DIR]",
		Short: "Play the main job on a simulated fleet and print every command",
		Long: `Makes a policy repository in DIR (default: a new temporary folder), lays a simulated fleet of two tenants over it and
takes one week's updates from scan to report. Every command is printed as you could type it; the repository stays.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := a.demoDir(args)
			if err != nil {
				return err
			}
			return demo.Run(c.Context(), demo.Options{Binary: a.Executable, Dir: dir, Fleet: demo.Fleet(examples.Demo()), Story: demo.Simulated(), Out: a.Stdout})
		},
	}
}

func (a *app) demoDir(args []string) (string, error) {
	if len(args) == 1 {
		dir := join(a.Dir, args[0])
		return dir, mustBeEmpty(dir, args[0])
	}
	dir, err := os.MkdirTemp("", "ringfence-demo-")
	if err != nil {
		return "", diag.New(diag.WriteFailed, "no folder for the demo can be made in %s: %s", os.TempDir(), plainly(err)).WithFix("name one: ringfence demo DIR")
	}
	return filepath.Join(dir, "policy"), nil
}
