package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/ringfence/ringfence/compiler/effect"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// maxMarkdown is how many bytes a forge's comment may hold, with room to spare; characters are never more than bytes.
const maxMarkdown = 60_000

// pages collects blocks of Markdown until they are full, and counts the lines that found no room.
type pages struct {
	strings.Builder
	more int
}

// add writes a block whole or not at all; keep is what must still fit behind it.
func (p *pages) add(block string, keep int) bool {
	const note = 300 // the note of what is left out, and the summary
	if p.more > 0 || p.Len()+len(block)+keep+note > maxMarkdown {
		p.more += strings.Count(block, "\n")
		return false
	}
	p.WriteString(block)
	return true
}

// Markdown writes a comment for a pull request: what is loud first, then each tenant folded.
func (v Diff) Markdown(w io.Writer) error {
	p := &pages{}
	p.add(fmt.Sprintf("### Effect of this edit: %s\n\n%s\n\n", v.summary(), v.between()), 0)
	v.loudMarkdown(p)
	if where := v.unknown(); len(where) > 0 {
		p.add(fmt.Sprintf("#### ⚠️ %s\n\n- %s never scanned here\n  - way out: scan, or bring the records of who did: `%s`\n\n", notKnown,
			untrusted.Markdown(WereNever(v.Document.Tenants, where), 600), fetchRecords), 0)
	}
	for _, t := range v.Document.Tenants {
		v.tenantMarkdown(p, t)
	}
	v.sentencesMarkdown(p)
	if p.more > 0 {
		fmt.Fprintf(p, "\n**%d more lines** found no room here; run `ringfence diff %.40s %.40s`\n", p.more, v.Document.Base, v.Document.Head)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

func (v Diff) loudMarkdown(p *pages) {
	first := true
	for _, t := range v.Document.Tenants {
		for _, g := range t.Groups {
			if g.Kind != effect.RejectedToApproved {
				continue
			}
			if first {
				p.add(fmt.Sprintf("#### ⚠️ %s\n\n", kindTitles[g.Kind]), 0)
				first = false
			}
			p.add(v.groupMarkdown(v.sited(t)+", "+g.Ring, g, t.Tenant), 0)
		}
	}
	if !first {
		p.add("\n", 0)
	}
}

func (v Diff) tenantMarkdown(p *pages, t effect.TenantDiff) {
	const end = "\n</details>\n"
	name, why := untrusted.Markdown(v.sited(t), 120), untrusted.Markdown(v.standsFor(t), 300)
	if len(t.Groups) == 0 {
		p.add(fmt.Sprintf("- %s: %s\n", name, why), 0)
		return
	}
	if why == "" {
		why = phrase.Count(len(t.Groups), "change")
	}
	opened := p.add(fmt.Sprintf("\n<details><summary>%s: %s</summary>\n", name, why), len(end))
	var last effect.Kind
	for _, g := range t.Groups {
		if g.Kind == effect.RejectedToApproved {
			continue
		}
		if g.Kind != last {
			last = g.Kind
			p.add(fmt.Sprintf("\n**%s**\n\n", kindTitles[g.Kind]), len(end))
		}
		p.add(v.groupMarkdown(g.Ring, g, t.Tenant), len(end))
	}
	if opened {
		p.WriteString(end)
	}
}

func (v Diff) groupMarkdown(where string, g effect.DiffGroup, tenant string) string {
	s, md := wordsOf(g, v.Clocks[tenant]), func(s string) string { return untrusted.Markdown(s, 600) }
	return fmt.Sprintf("- %s: %s\n  - was: %s\n  - now: **%s**\n  - because of: %s\n", md(where), md(s.what), md(s.from), md(s.to), md(s.cause))
}
