package diag

import "strings"

// maxShown is how many characters of somebody's text a summary shows.
const maxShown = 100

// OneLine prints what others wrote, such as a value of a file or an error's text, so that a summary that quotes it stays
// one short line.
func OneLine(s string) string { return Short(strings.Join(strings.Fields(s), " ")) }

// Short is what a summary shows in quotes of a value: all that is in it, blanks too, but for the end of one that is long.
func Short(s string) string {
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return s
}
