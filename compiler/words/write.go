package words

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/ringfence/ringfence/internal/untrusted"
)

// longest bounds one line: a reason or a rule may be of any length.
const longest = 2000

// Text writes a document for a terminal.
func (d Document) Text(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n", plain(d.Title))
	paragraph(&b, "", d.Lines)
	for _, s := range d.Sections {
		fmt.Fprintf(&b, "\n%s\n", plain(s.Title))
		paragraph(&b, "  ", s.Lines)
		for _, i := range s.Items {
			fmt.Fprintf(&b, "\n  %s%s\n", plain(i.Name), from(i.Source))
			paragraph(&b, "    ", i.Lines)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// from is where an item stands, for a heading.
func from(source string) string {
	if source == "" {
		return ""
	}
	return " (" + plain(line(source)) + ")"
}

// width is that of a terminal.
const width = 100

// paragraph writes each line as a point of a list, wrapped.
func paragraph(b *bytes.Buffer, indent string, lines []Line) {
	for _, l := range lines {
		begin, left := indent+"- ", width-len(indent)-2
		for i, word := range strings.Fields(plain(l.Text)) {
			size := len([]rune(word)) + 1
			switch {
			case i == 0:
				b.WriteString(begin + word)
				left -= size - 1
				continue
			case size > left:
				b.WriteString("\n" + indent + "  " + word)
				left = width - len(indent) - 2 - size + 1
				continue
			}
			b.WriteString(" " + word)
			left -= size
		}
		b.WriteByte('\n')
	}
}

// Markdown writes a document for a pull request, with the place of each sentence behind it.
func (d Document) Markdown(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "## %s\n\n", mark(d.Title))
	bullets(&b, d.Lines)
	for _, s := range d.Sections {
		fmt.Fprintf(&b, "\n### %s\n\n", mark(s.Title))
		bullets(&b, s.Lines)
		for _, i := range s.Items {
			fmt.Fprintf(&b, "\n**%s**\n\n", mark(i.Name))
			bullets(&b, i.Lines)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func bullets(b *bytes.Buffer, lines []Line) {
	for _, l := range lines {
		fmt.Fprintf(b, "- %s", mark(l.Text))
		if l.Source != "" {
			fmt.Fprintf(b, " <sub>%s</sub>", mark(line(l.Source)))
		}
		b.WriteByte('\n')
	}
}

// line drops the column of path:line:column, which helps no reader.
func line(source string) string {
	if strings.Count(source, ":") < 2 {
		return source
	}
	return source[:strings.LastIndexByte(source, ':')]
}

func plain(s string) string { return untrusted.Line(s, longest) }

func mark(s string) string { return untrusted.Markdown(s, longest) }
