package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Reference writes the help of every verb as one Markdown page, for docs/cli.md.
func Reference(w io.Writer) error {
	a := &app{Env: Env{Stdout: io.Discard, Stderr: io.Discard}}
	root := a.root()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	_, err := fmt.Fprintf(w, "# Command line\n\nGenerated from the program's own help by `make generate`.\n")
	if err == nil {
		err = reference(w, root)
	}
	return err
}

func reference(w io.Writer, c *cobra.Command) error {
	c.InitDefaultHelpFlag()
	about := c.Long
	if about == "" {
		about = c.Short
	}
	text := strings.TrimSpace(about) + "\n\n" + strings.TrimSpace(c.UsageString())
	if _, err := fmt.Fprintf(w, "\n## %s\n\n%s.\n\n```text\n%s\n```\n", c.CommandPath(), c.Short, text); err != nil {
		return err
	}
	for _, child := range c.Commands() {
		if !child.IsAvailableCommand() || child.Name() == "help" {
			continue
		}
		if err := reference(w, child); err != nil {
			return err
		}
	}
	return nil
}
