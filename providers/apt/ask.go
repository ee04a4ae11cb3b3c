package apt

import (
	"context"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
)

const maxReason = 300

// ask runs a command and returns its output only if all of it was seen, whatever the exit code.
func ask(ctx context.Context, x providers.Exec, command string, args map[string][]string) (providers.Output, error) {
	out, err := x.Run(ctx, command, args)
	if err != nil {
		return out, fmt.Errorf("apt: %s: %w", command, err)
	}
	if out.Truncated {
		return out, fmt.Errorf("apt: %s: the output is longer than the limit and was cut", command)
	}
	return out, nil
}

// read runs a command that must succeed and returns its standard output.
func read(ctx context.Context, x providers.Exec, command string, args map[string][]string) (string, error) {
	out, err := ask(ctx, x, command, args)
	if err != nil {
		return "", err
	}
	if out.ExitCode != 0 {
		return "", fmt.Errorf("apt: %s: exit code %d: %s", command, out.ExitCode, complaint(out))
	}
	return string(out.Stdout), nil
}

// readWord is read for commands that print one word.
func readWord(ctx context.Context, x providers.Exec, command string) (string, error) {
	text, err := read(ctx, x, command, nil)
	if err != nil {
		return "", err
	}
	word := strings.TrimSpace(text)
	if word == "" || strings.ContainsAny(word, " \t\r\n") {
		return "", fmt.Errorf("apt: %s: %w", command, unreadable("a word", text))
	}
	return word, nil
}

// complaint is what a failed command gives as its reasons: dpkg's and apt's errors (W: for repositories whose
// signature is wrong), else its last line.
func complaint(out providers.Output) string {
	var errors, warnings []string
	last := "no output"
	for _, text := range [][]byte{out.Stdout, out.Stderr} {
		wanted := 0
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			switch {
			case strings.HasPrefix(line, "dpkg: error"):
				errors, wanted = append(errors, line), 1
			case wanted > 0:
				errors, wanted = append(errors, line), wanted-1
			case strings.HasPrefix(line, "E: "):
				errors = append(errors, line)
			case strings.HasPrefix(line, "W: GPG error"):
				warnings = append(warnings, line)
			}
			if line != "" {
				last = line
			}
		}
	}
	if said := append(warnings, errors...); len(said) > 0 {
		last = strings.Join(said, " ")
	}
	return untrusted.Line(last, maxReason)
}
