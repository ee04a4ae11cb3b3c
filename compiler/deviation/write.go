package deviation

import (
	"fmt"
	"io"
	"strings"

	"github.com/ringfence/ringfence/compiler/words"
)

// Text writes a report for a terminal.
func (r Report) Text(w io.Writer) error { return r.document().Text(w) }

// Markdown writes a report for a pull request or a page.
func (r Report) Markdown(w io.Writer) error { return r.document().Markdown(w) }

// document says the report in sentences.
func (r Report) document() words.Document {
	out := words.Document{Title: "What tenants have otherwise than their baseline"}
	for _, d := range r.Definitions {
		out.Sections = append(out.Sections, d.section())
	}
	if len(r.Missing) > 0 {
		out.Lines = append(out.Lines, words.Line{Text: "Not here, since they do not compile: " + strings.Join(r.Missing, ", ") + "."})
	}
	if len(r.Alone) > 0 {
		out.Lines = append(out.Lines, words.Line{Text: "These tenants use no definition of this repository: " + strings.Join(r.Alone, ", ") + "."})
	}
	return out
}

func (d Definition) section() words.Section {
	s := words.Section{Title: "Tenants of " + d.Name}
	for _, p := range d.Parameters {
		s.Lines = append(s.Lines, words.Line{Text: p.sentence(len(d.Tenants)), Source: p.Source})
	}
	var same []string
	for _, t := range d.Tenants {
		i := words.Item{Name: t.Name, Lines: d.set(t.Name)}
		for _, x := range t.Differences {
			i.Lines = append(i.Lines, words.Line{Text: x.sentence(), Source: x.Source})
		}
		if len(i.Lines) == 0 {
			same = append(same, t.Name)
			continue
		}
		s.Items = append(s.Items, i)
	}
	if len(same) > 0 {
		s.Lines = append(s.Lines, words.Line{Text: "These do just as it says: " + strings.Join(same, ", ") + "."})
	}
	return s
}

// sentence says what a parameter is, and how many of the tenants set it.
func (p Parameter) sentence(tenants int) string {
	text := fmt.Sprintf("The parameter %s (%s) is %s unless a tenant sets it", p.Name, p.Type, p.Default)
	if p.Default == "" {
		text = fmt.Sprintf("The parameter %s (%s) must be set by each tenant", p.Name, p.Type)
	}
	do := "do"
	if len(p.SetBy) == 1 {
		do = "does"
	}
	return fmt.Sprintf("%s; %d of %d %s.", text, len(p.SetBy), tenants, do)
}

// set says what one tenant sets the parameters to.
func (d Definition) set(tenant string) []words.Line {
	var out []words.Line
	for _, p := range d.Parameters {
		for _, s := range p.SetBy {
			if s.Tenant != tenant {
				continue
			}
			text := p.Name + " is " + s.Value
			if p.Default != "" && s.Value != p.Default {
				text += " instead of " + p.Default
			}
			out = append(out, words.Line{Text: text + ".", Source: s.Source})
		}
	}
	return out
}

func (x Difference) sentence() string {
	switch x.Change {
	case Own:
		return x.Part + " is its own."
	case Off:
		return x.Part + " is switched off."
	case On:
		return x.Part + " is switched on."
	case Tailored:
		return x.Part + " is made of its parameters."
	case Changed:
	}
	value, instead := x.Value, x.Instead
	if value == "" {
		value = "not set"
	}
	if instead == "" {
		instead = "nothing"
	}
	return fmt.Sprintf("%s: %s is %s instead of %s.", x.Part, x.Field, value, instead)
}
