package providers

import (
	"fmt"
	"maps"
	"slices"
)

// MaxValues bounds how many arguments one command may be given: a host has fewer packages to change at once.
const MaxValues = 4096

// Command returns the entry of the allow-list with that name, or an error that wraps ErrRefused.
func (d Description) Command(name string) (Command, error) {
	for _, c := range d.Commands {
		if c.Name == name {
			return c, nil
		}
	}
	return Command{}, fmt.Errorf("%w: %.80q", ErrRefused, name)
}

// Expand puts args into the command's argv. Every value must match the grammar of its placeholder, every placeholder
// needs its values and nothing may be left over; otherwise the error wraps ErrRefused and there is no argv. The
// literal elements of the result are those of c, in order. Expand does not change c.
func (c Command) Expand(args map[string][]string) ([]string, error) {
	argv := make([]string, 0, len(c.Argv))
	used := 0
	for _, element := range c.Argv {
		name, many := parsePlaceholder(element)
		if name == "" {
			argv = append(argv, element)
			continue
		}
		values := args[name]
		if err := checkValues(name, many, values); err != nil {
			return nil, c.refuse(err.Error())
		}
		argv = append(argv, values...)
		used++
	}
	if used != len(args) {
		return nil, c.refuse(fmt.Sprintf("takes %d arguments, got %.200q", used, slices.Sorted(maps.Keys(args))))
	}
	return argv, nil
}

func (c Command) refuse(why string) error {
	return fmt.Errorf("%w: %s: %s", ErrRefused, c.Name, why)
}

func parsePlaceholder(element string) (name string, many bool) {
	m := placeholder.FindStringSubmatch(element)
	if m == nil {
		return "", false
	}
	return m[1], m[2] != ""
}

func checkValues(name string, many bool, values []string) error {
	grammar, ok := Grammars[name]
	switch {
	case !ok:
		return fmt.Errorf("{%s} has no grammar", name)
	case len(values) == 0:
		return fmt.Errorf("{%s} needs a value", name)
	case len(values) > 1 && !many:
		return fmt.Errorf("{%s} takes one value, got %d", name, len(values))
	case len(values) > MaxValues:
		return fmt.Errorf("{%s} takes at most %d values, got %d", name, MaxValues, len(values))
	}
	for _, v := range values {
		if !grammar.MatchString(v) {
			return fmt.Errorf("%.80q is no %s", v, name)
		}
	}
	return nil
}
