package effect

import (
	"fmt"

	"github.com/ringfence/ringfence/compiler/words"
)

// Sentences puts together what the policies of tenants say otherwise, each of which has its own changes: an edit of the
// baseline is told once for all of them.
func Sentences(tenants []string, changes [][]words.Change) []DiffWords {
	out := []DiffWords{}
	at := map[string]int{}
	for i, name := range tenants {
		for _, c := range changes[i] {
			key := fmt.Sprintf("%q %q %q %q", c.Section, c.Item, texts(c.Was), texts(c.Now))
			n, ok := at[key]
			if !ok {
				n, at[key] = len(out), len(out)
				out = append(out, DiffWords{Section: c.Section, Item: c.Item, Was: sentences(c.Was), Now: sentences(c.Now)})
			}
			out[n].Tenants = append(out[n].Tenants, name)
		}
	}
	return out
}

func texts(lines []words.Line) (out []string) {
	for _, l := range lines {
		out = append(out, l.Text)
	}
	return out
}

func sentences(lines []words.Line) []DiffSentence {
	out := []DiffSentence{}
	for _, l := range lines {
		out = append(out, DiffSentence{Text: l.Text, Source: l.Source})
	}
	return out
}
