package providers

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// MaxCommands bounds the allow-list, so that a person can read it before pinning it.
const MaxCommands = 64

var (
	nameGrammar    = whole("[a-z][a-z0-9-]{0,31}")
	programGrammar = whole("[a-z0-9][a-zA-Z0-9._+-]{0,63}")
	assignment     = lazyregexp.New(`\A[A-Z_][A-Z0-9_]*=`)
)

// interpreters run text as code, or run their arguments as a program: an allow-list with one of them allows all.
var interpreters = []string{
	"ash", "awk", "bash", "busybox", "chroot", "csh", "dash", "doas", "env", "eval", "exec", "expect", "find", "fish",
	"ksh", "lua", "node", "nohup", "nsenter", "parallel", "perl", "php", "pkexec", "powershell", "pwsh", "python",
	"rbash", "ruby", "runuser", "setsid", "sh", "ssh", "su", "sudo", "tclsh", "tcsh", "unshare", "xargs", "zsh",
}

// Validate reports what is wrong with a description. The core trusts no provider whose description is invalid: the
// allow-list is all that stands between a provider and a host.
func (d Description) Validate() error {
	errs := []error{d.validateIdentity()}
	for i, c := range d.Commands {
		if i > 0 && c.Name <= d.Commands[i-1].Name {
			errs = append(errs, fmt.Errorf("command %.40q: names must be unique and sorted", c.Name))
		}
		if err := c.validate(); err != nil {
			errs = append(errs, fmt.Errorf("command %.40q: %w", c.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (d Description) validateIdentity() error {
	switch {
	case !nameGrammar.MatchString(d.Name):
		return fmt.Errorf("the provider's name %.40q must be lower-case letters, digits and dashes", d.Name)
	case d.Version == "" || len(d.Version) > 64:
		return errors.New("the provider's version must have 1 to 64 characters")
	case d.Connection != ConnectHost && d.Connection != ConnectNone:
		return fmt.Errorf("the connection %.40q must be %q or %q", d.Connection, ConnectHost, ConnectNone)
	case d.Connection == ConnectNone && len(d.Commands) > 0:
		return errors.New("a provider without a connection cannot declare commands")
	case len(d.Commands) > MaxCommands:
		return fmt.Errorf("at most %d commands, got %d", MaxCommands, len(d.Commands))
	}
	return nil
}

func (c Command) validate() error {
	if !nameGrammar.MatchString(c.Name) {
		return errors.New("the name must be lower-case letters, digits and dashes")
	}
	if len(c.Argv) == 0 || len(c.Argv) > 64 {
		return errors.New("argv must have 1 to 64 elements")
	}
	if err := validateProgram(c.Argv); err != nil {
		return err
	}
	return validatePlaceholders(c.Argv)
}

// validateProgram looks through "env NAME=value …", the one wrapper that package managers need.
func validateProgram(argv []string) error {
	rest := argv
	if rest[0] == "env" {
		rest = rest[1:]
		for len(rest) > 0 && assignment.MatchString(rest[0]) {
			rest = rest[1:]
		}
	}
	if len(rest) == 0 {
		return errors.New("argv names no program")
	}
	program := rest[0]
	if !programGrammar.MatchString(program) {
		return fmt.Errorf("the program %.80q must be a plain name without a path or placeholder", program)
	}
	if slices.Contains(interpreters, strings.TrimRight(program, "0123456789.")) {
		return fmt.Errorf("%s runs other programs: an allow-list cannot hold it", program)
	}
	return nil
}

func validatePlaceholders(argv []string) error {
	var seen []string
	for _, element := range argv {
		if len(element) > 4096 || strings.ContainsRune(element, 0) {
			return errors.New("an argument must have at most 4096 bytes and no NUL")
		}
		name, _ := parsePlaceholder(element)
		switch {
		case name == "" && holdsPlaceholder(element):
			return fmt.Errorf("%.80q: a placeholder must be an argument of its own", element)
		case name == "":
		case Grammars[name] == nil:
			return fmt.Errorf("{%s} has no grammar; there are %s", name, strings.Join(grammarNames(), ", "))
		case slices.Contains(seen, name):
			return fmt.Errorf("{%s} occurs twice", name)
		default:
			seen = append(seen, name)
		}
	}
	return nil
}

// holdsPlaceholder finds what was meant as a placeholder but would be sent as it stands.
func holdsPlaceholder(element string) bool {
	return slices.ContainsFunc(grammarNames(), func(name string) bool {
		return strings.Contains(element, "{"+name+"}") || strings.Contains(element, "{"+name+"...}")
	})
}
