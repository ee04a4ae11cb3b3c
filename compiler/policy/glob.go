package policy

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// A glob matches a whole text: * stands for any run of characters, also none, ? for one, [a-z0-9] for one of these and
// [!a-z] for one of all others. Nothing else is special, and letters count as they are written.

// IsGlob reports whether a text has anything special; one that has not matches itself alone.
func IsGlob(s string) bool { return strings.ContainsAny(s, "*?[") }

// GlobPattern returns the anchored regular expression of a glob, in RE2's grammar, which takes linear time.
func GlobPattern(glob string) (string, error) {
	var out strings.Builder
	out.WriteString(`(?s)^`)
	for rest := glob; rest != ""; {
		switch rest[0] {
		case '*':
			out.WriteString(`.*`)
			rest = strings.TrimLeft(rest, "*")
		case '?':
			out.WriteByte('.')
			rest = rest[1:]
		case '[':
			set, after, err := globSet(rest)
			if err != nil {
				return "", err
			}
			out.WriteString(set)
			rest = after
		default:
			n := strings.IndexAny(rest, "*?[")
			if n < 0 {
				n = len(rest)
			}
			out.WriteString(regexp.QuoteMeta(rest[:n]))
			rest = rest[n:]
		}
	}
	out.WriteByte('$')
	_, err := regexp.Compile(out.String())
	return out.String(), err
}

// globSet reads the brackets that a text begins with.
func globSet(s string) (set, rest string, err error) {
	body, rest, ok := strings.Cut(s[1:], "]")
	negated := strings.HasPrefix(body, "!")
	body = strings.TrimPrefix(body, "!")
	switch {
	case !ok:
		return "", "", errors.New("a [ without its ]")
	case body == "":
		return "", "", errors.New("[] names no character")
	}
	var out strings.Builder
	out.WriteByte('[')
	if negated {
		out.WriteByte('^')
	}
	for r := []rune(body); len(r) > 0; {
		if len(r) > 2 && r[1] == '-' {
			if r[2] < r[0] {
				return "", "", fmt.Errorf("the range %s runs backwards", string(r[:3]))
			}
			fmt.Fprintf(&out, `\x{%x}-\x{%x}`, r[0], r[2])
			r = r[3:]
			continue
		}
		fmt.Fprintf(&out, `\x{%x}`, r[0])
		r = r[1:]
	}
	out.WriteByte(']')
	return out.String(), rest, nil
}
