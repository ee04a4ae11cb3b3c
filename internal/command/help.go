package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/suggest"
)

// newHelp prints the help of a verb. It stands for cobra's own, which takes a verb that is not there for success.
func newHelp(*app) *cobra.Command {
	return &cobra.Command{
		Use:   "help [VERB]",
		Short: "Print what a verb does and what flags it has",
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			verb, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usage(verb, fmt.Errorf("%s has no verb %q%s", verb.CommandPath(), rest[0], suggest.Tail(rest[0], verbNames(verb))))
			}
			verb.InitDefaultHelpFlag()
			return verb.Help()
		},
		ValidArgsFunction: func(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			verb, _, err := c.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			others := func(name string) bool { return !strings.HasPrefix(name, begun) }
			return slices.DeleteFunc(verbNames(verb), others), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// withCompletion adds cobra's completion scripts now, so that its shells are verbs like all others: one that is not there
// is a usage error.
func withCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		}
	}
}
