package command

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/internal/phrase"
)

// usage is a wrong command line.
func usage(c *cobra.Command, err error) error {
	return fail(ExitUsage, diag.New(diag.Usage, "%v", err).WithFix("see: %s --help", c.CommandPath()))
}

// flagError says in the words of this program what is wrong with a flag, or with the variable that sets it.
func flagError(c *cobra.Command, variable string, err error) error {
	var unknown *pflag.NotExistError
	var valueless *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			return usage(c, fmt.Errorf("%s has no flag -%s", c.CommandPath(), name))
		}
		return usage(c, fmt.Errorf("%s has no flag --%s%s", c.CommandPath(), name, suggest.Tail(name, flagNames(c))))
	case errors.As(err, &valueless):
		return usage(c, fmt.Errorf("--%s needs a value", valueless.GetFlag().Name))
	case errors.As(err, &invalid):
		return usage(c, fmt.Errorf("%s: %s", cmp.Or(variable, "--"+invalid.GetFlag().Name), wrongValue(invalid)))
	}
	return usage(c, err)
}

func flagNames(c *cobra.Command) []string {
	var out []string
	c.Flags().VisitAll(func(f *pflag.Flag) { out = append(out, f.Name) })
	return out
}

func wrongValue(e *pflag.InvalidValueError) string {
	switch e.GetFlag().Value.Type() {
	case "bool":
		return fmt.Sprintf("%q is neither true nor false", e.GetValue())
	case "int":
		return fmt.Sprintf("%q is no number", e.GetValue())
	case "duration":
		return fmt.Sprintf("%q is no duration; write it like 90s, 5m or 1h30m", e.GetValue())
	}
	return cmp.Or(errors.Unwrap(e), error(e)).Error()
}

// shortest is the least that a verb waits: without a pause between two looks it would write records as fast as it can.
const shortest = 100 * time.Millisecond

// sensible refuses numbers that make no sense, such as working on no host at once, and two forms of one output.
func sensible(c *cobra.Command) error {
	if n, err := c.Flags().GetInt("parallel"); err == nil && n < 1 {
		return fmt.Errorf("--parallel is at least 1, not %d", n)
	}
	for _, name := range []string{"every", "reboot-wait"} {
		if d, err := c.Flags().GetDuration(name); err == nil && d < shortest {
			return fmt.Errorf("--%s is at least %v, not %v", name, shortest, d)
		}
	}
	return oneForm(c)
}

// oneForm refuses --json where something else than events is asked for, which would stand in their stream or be dropped.
func oneForm(c *cobra.Command) error {
	if json, err := c.Flags().GetBool("json"); err != nil || !json {
		return nil
	}
	if f := c.Flags().Lookup("format"); f != nil && f.DefValue == "text" && f.Value.String() != f.DefValue {
		return errors.New("--json prints events, and --format a document: name one of them")
	}
	for told := c; told != nil; told = told.Parent() {
		if slices.Contains([]string{"help", "completion", "demo"}, told.Name()) {
			return fmt.Errorf("what %s prints is no event: leave out --json", c.CommandPath())
		}
	}
	return nil
}

// argsError says how many arguments a verb takes, or which verbs a group has.
func argsError(c *cobra.Command, args []string) error {
	if c.HasAvailableSubCommands() && len(args) > 0 {
		return usage(c, fmt.Errorf("%s has no verb %q%s", c.CommandPath(), args[0], suggest.Tail(args[0], verbNames(c))))
	}
	_, takes, _ := strings.Cut(c.Use, " ")
	switch {
	case takes == "" && len(args) == 1 && c.Flags().Lookup("from") != nil:
		return usage(c, fmt.Errorf("%s takes no argument, but got %q; did you mean --from %[2]s?", c.CommandPath(), args[0]))
	case takes == "":
		return usage(c, fmt.Errorf("%s takes no argument, but got %q", c.CommandPath(), args[0]))
	case len(args) == 0:
		return usage(c, fmt.Errorf("%s needs %s", c.CommandPath(), takes))
	}
	return usage(c, fmt.Errorf("%s takes %s alone, but got %s", c.CommandPath(), takes, phrase.Count(len(args), "argument")))
}

func verbNames(c *cobra.Command) []string {
	var out []string
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() {
			out = append(out, child.Name())
		}
	}
	return out
}
