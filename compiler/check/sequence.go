package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
)

// sequence checks that a sequence names the members of its group, each once. Whatever is wrong with one is one finding,
// at the first name that does not belong: a host that is misspelt is also one that is left out. A group without hosts is
// told as that.
func (c *checker) sequence(g policy.Group, members []string) {
	if len(g.Sequence) == 0 || len(members) == 0 {
		return
	}
	at, wrong := c.misplaced(g.Sequence, members)
	if len(wrong) == 0 {
		return
	}
	path := []string{"groups", g.Name, "sequence"}
	d := diag.New(diag.WrongSequence, "the sequence of group %q %s", g.Name, strings.Join(wrong, ", ")).
		WithFix("name each host of the group once: %s", listed(members))
	c.diags = append(c.diags, d.At(c.Places.At(append(path, fmt.Sprintf("[%d]", at))...)).About(path...))
}

// misplaced says what is wrong with a sequence, and which of its names is the first that does not belong; -1 for none.
func (c *checker) misplaced(sequence, members []string) (at int, wrong []string) {
	missing := slices.DeleteFunc(slices.Clone(members), func(m string) bool { return slices.Contains(sequence, m) })
	at = -1
	for i, h := range sequence {
		again := slices.Contains(sequence[:i], h)
		why := ""
		switch isHost := slices.ContainsFunc(c.Tenant.Hosts, func(x policy.Host) bool { return x.Name == h }); {
		case again && slices.Contains(members, h):
			why = fmt.Sprintf("names %q twice", h)
		case again || slices.Contains(members, h):
			continue
		case policy.IsGlob(h):
			why = fmt.Sprintf("has the pattern %q where a host's name stands", h) // it would leave open who goes first
		case isHost:
			why = fmt.Sprintf("names %q, which the group does not select", h)
		default:
			meant := suggest.Word(h, missing)
			missing = slices.DeleteFunc(missing, func(m string) bool { return m == meant })
			why = stranger(h, meant)
		}
		if wrong = append(wrong, why); at < 0 {
			at = i
		}
	}
	if len(missing) > 0 {
		wrong = append(wrong, "leaves out "+some(missing))
	}
	return at, slices.Compact(wrong)
}

func stranger(name, meant string) string {
	if meant == "" {
		return fmt.Sprintf("names %q, which is no host", name)
	}
	return fmt.Sprintf("names %q, which is no host (did you mean %q?)", name, meant)
}
