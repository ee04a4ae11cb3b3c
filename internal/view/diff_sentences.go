package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/effect"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// says reports whether the policy of a tenant says anything otherwise.
func (v Diff) says(tenant string) bool {
	return slices.ContainsFunc(v.Document.Sentences, func(s effect.DiffWords) bool { return slices.Contains(s.Tenants, tenant) })
}

// maxSentence is as long as a sentence may be; a reason may be of any length.
const maxSentence = 2000

// said tells of whom and of what sentences are.
func said(s effect.DiffWords) string {
	where := cmp.Or(s.Section, "The tenant")
	if s.Item != "" {
		where += ", " + s.Item
	}
	return phrase.Some(s.Tenants) + ": " + where
}

// sentencesAt is the line of the first sentence that says where it stands, at head if there is one.
func sentencesAt(s effect.DiffWords) string {
	for _, x := range append(slices.Clone(s.Now), s.Was...) {
		if x.Source != "" {
			return phrase.Source(withoutColumn(x.Source))
		}
	}
	return ""
}

// withoutColumn makes path:line of path:line:column.
func withoutColumn(place string) string {
	if strings.Count(place, ":") < 2 {
		return place
	}
	return place[:strings.LastIndexByte(place, ':')]
}

func (v Diff) sentencesText(w io.Writer) {
	const shown = 50
	if len(v.Document.Sentences) == 0 {
		return
	}
	fmt.Fprint(w, "\nWhat the policies say otherwise\n")
	for i, s := range v.Document.Sentences {
		if i == shown {
			fmt.Fprintf(w, "  … and %d more places: --format json has them all\n", len(v.Document.Sentences)-shown)
			return
		}
		fmt.Fprintf(w, "  %s%s\n", line(said(s)), sentencesAt(s))
		for _, x := range s.Was {
			fmt.Fprintf(w, "    - %s\n", untrusted.Line(x.Text, maxSentence))
		}
		for _, x := range s.Now {
			fmt.Fprintf(w, "    + %s\n", untrusted.Line(x.Text, maxSentence))
		}
	}
}

func (v Diff) sentencesMarkdown(p *pages) {
	if len(v.Document.Sentences) == 0 {
		return
	}
	const end = "\n</details>\n"
	opened := p.add("\n<details><summary>What the policies say otherwise</summary>\n\n", len(end))
	for _, s := range v.Document.Sentences {
		var b strings.Builder
		fmt.Fprintf(&b, "- %s%s\n", untrusted.Markdown(said(s), 300), untrusted.Markdown(sentencesAt(s), 220))
		for _, x := range s.Was {
			fmt.Fprintf(&b, "  - was: %s\n", untrusted.Markdown(x.Text, maxSentence))
		}
		for _, x := range s.Now {
			fmt.Fprintf(&b, "  - now: **%s**\n", untrusted.Markdown(x.Text, maxSentence))
		}
		p.add(b.String(), len(end))
	}
	if opened {
		p.WriteString(end)
	}
}
