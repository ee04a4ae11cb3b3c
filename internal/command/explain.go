package command

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/internal/explain"
)

func newExplain(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE]",
		Short: "Say what a diagnostic means and how to mend it",
		Long: `Explains a diagnostic by its code: why it is one, what to do, an example of the mistake and one without it. Without a
code it lists all. With --json the page is part of an event.`,
		Example: "  ringfence explain RF1002",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.explainAll()
			}
			p, ok := explain.Of(args[0])
			if !ok {
				return usage(c, fmt.Errorf("there is no diagnostic %q%s", args[0], suggest.Tail(args[0], codes())))
			}
			if a.json {
				a.explained(p)
				return nil
			}
			return p.WriteText(a.Stdout)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return codes(), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func codes() []string {
	var out []string
	for _, p := range explain.Pages() {
		out = append(out, string(p.Code))
	}
	return out
}

// explainAll lists the codes and what they mean.
func (a *app) explainAll() error {
	w := tabwriter.NewWriter(a.Stdout, 0, 0, 2, ' ', 0)
	for _, p := range explain.Pages() {
		if a.json {
			a.explained(p)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\n", p.Code, p.Meaning)
	}
	return w.Flush()
}

func (a *app) explained(p explain.Page) {
	a.out.emit("explanation", p.Meaning, event{"explanation": p})
}
