package words

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
)

// count is a number and what it counts: "1 host", "2 hosts".
func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// and joins words as a sentence does: "a", "a and b", "a, b and c".
func and(list []string) string { return join(list, "and") }

func or(list []string) string { return join(list, "or") }

func join(list []string, last string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	n := len(list) - 1
	return strings.Join(list[:n], ", ") + " " + last + " " + list[n]
}

// few writes the first names of a list, and how many more there are.
func few(list []string, n int) string {
	if len(list) <= n {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:n], ", "), len(list)-n)
}

// passed says that a duration is over: "72 hours have passed", "1 hour has passed".
func passed(d policy.Duration) string {
	text := span(d)
	if strings.HasPrefix(text, "1 ") && strings.Count(text, " ") == 1 {
		return text + " has passed"
	}
	return text + " have passed"
}

// span writes a duration: "48 hours", "4 hours 30 minutes".
func span(d policy.Duration) string {
	units := []struct {
		size time.Duration
		name string
	}{{time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}}
	var out []string
	rest := d.Std()
	for _, u := range units {
		if n := rest / u.size; n > 0 {
			out = append(out, count(int(n), u.name))
			rest -= n * u.size
		}
	}
	if len(out) == 0 {
		return "no time"
	}
	return strings.Join(out, " ")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
