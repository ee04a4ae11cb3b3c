package explain

import (
	"fmt"
	"io"
	"path"
	"strings"
)

// WriteText writes a page for a terminal.
func (p Page) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s  %s\n\n%s\n\nWhat to do: %s\n\nWrong%s\n\n%s\nRight%s\n\n%s", p.Code, p.Meaning, p.Text, p.Fix,
		p.Wrong.place(), indented(p.Wrong.Text), p.Right.place(), indented(p.Right.Text))
	return err
}

// WriteMarkdown writes a page as a section.
func (p Page) WriteMarkdown(w io.Writer) error {
	_, err := fmt.Fprintf(w, "\n### %s\n\n**%s**: %s.\n\n%s\n\nWhat to do: %s\n\nWrong%s\n\n%s\nRight%s\n\n%s", p.Code, p.Name, escaped(p.Meaning),
		escaped(p.Text), escaped(p.Fix), p.Wrong.place(), p.Wrong.fenced(), p.Right.place(), p.Right.fenced())
	return err
}

// escaped keeps <name> from being read as a tag; what is `quoted` is no markup anyway.
func escaped(s string) string {
	parts := strings.Split(s, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.ReplaceAll(parts[i], "<", "&lt;")
	}
	return strings.Join(parts, "`")
}

// place says where the text of an example belongs.
func (e Example) place() string {
	switch e.Where {
	case "tenant":
		return ", below tenant: acme:"
	case "command", "text":
		return ":"
	}
	return ", in " + e.Where + ":"
}

func (e Example) fenced() string { return "```" + e.language() + "\n" + e.Text + "```\n" }

func (e Example) language() string {
	switch e.Where {
	case "tenant":
		return "cue"
	case "command":
		return "sh"
	case "text":
		return "text"
	}
	return strings.TrimPrefix(path.Ext(e.Where), ".")
}

func indented(s string) string {
	return "    " + strings.TrimSuffix(strings.ReplaceAll(s, "\n", "\n    "), "    ")
}
