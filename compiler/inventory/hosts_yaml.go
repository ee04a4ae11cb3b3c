package inventory

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	goccy "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// yamlReader turns YAML nodes into a tree with positions in bytes.
type yamlReader struct {
	text
	bad *diag.Diagnostic
}

// readYAML reads one document. Anchors and aliases are refused: they are how a small file becomes a large one.
func readYAML(f File) (tree, *diag.Diagnostic) {
	r := &yamlReader{text: textOf(f)}
	if line := r.nested(); line > 0 {
		d := diag.New(diag.BadHostsFile, "nested too deeply").At(r.at(line, 1)).WithFix("a hosts file is three levels deep")
		return tree{}, &d
	}
	dec := yaml.NewDecoder(bytes.NewReader(f.Data))
	var doc yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return r.empty()
	} else if err != nil {
		return tree{}, r.syntax(f.Data, err)
	}
	if err := dec.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		d := diag.New(diag.BadHostsFile, "the file holds more than one YAML document").At(r.at(r.second(doc.Line), 1)).
			WithFix("keep one: write all hosts below one hosts:, without the line ---")
		return tree{}, &d
	}
	if len(doc.Content) != 1 {
		return r.empty()
	}
	t := r.convert(doc.Content[0])
	return t, r.bad
}

// second is the line at which a second document begins, behind a line of the first.
func (r *yamlReader) second(after int) int {
	for i := after; i < len(r.lines); i++ {
		if bytes.HasPrefix(r.lines[i], []byte("---")) {
			return i + 1
		}
	}
	return len(r.lines)
}

func (r *yamlReader) empty() (tree, *diag.Diagnostic) {
	d := diag.New(diag.BadHostsFile, "the file is empty").At(diag.Range{File: r.path}).WithFix("write hosts: [] if there are none")
	return tree{}, &d
}

// nested returns the first line at which brackets, or dashes of one line, are nested so deeply that parsers choke.
// Brackets in quotes count as well: no hosts file needs so many.
func (r *yamlReader) nested() int {
	depth := 0
	for i, line := range r.lines {
		dashes := bytes.TrimLeft(line, " -?")
		if bytes.ContainsAny(line[:len(line)-len(dashes)], "-?") && bytes.Count(line, []byte("- "))+bytes.Count(line, []byte("? ")) > maxDepth {
			return i + 1
		}
		for _, c := range line {
			switch c {
			case '[', '{':
				depth++
			case ']', '}':
				depth = max(0, depth-1)
			}
			if depth > maxDepth {
				return i + 1
			}
		}
	}
	return 0
}

// exactUpTo is the size of file whose syntax errors are looked up a second time.
const exactUpTo = 32 << 10

var yamlLine = lazyregexp.New(`^yaml: (?:line (\d+): )?`)

// syntax says what is wrong and where. The first parser is fast and thrifty but names a line near the mistake at
// best; the second is exact and neither, so that it sees small files only.
func (r *yamlReader) syntax(data []byte, err error) *diag.Diagnostic {
	m := yamlLine.FindStringSubmatch(err.Error())
	at, msg := diag.Range{File: r.path}, err.Error()
	if m != nil {
		msg = msg[len(m[0]):]
		if line, err := strconv.Atoi(m[1]); err == nil {
			at = r.at(line, 1)
		}
	}
	var exact *goccy.SyntaxError
	if len(data) <= exactUpTo {
		if _, err := parser.ParseBytes(data, 0); errors.As(err, &exact) && exact.Token != nil {
			msg, at = exact.Message, r.inBytes(exact.Token.Position.Line, exact.Token.Position.Column)
		}
	}
	d := diag.New(diag.BadHostsFile, "not YAML: %s", show(msg)).At(at).WithFix("check indentation, quotes and brackets")
	return &d
}

func (r *yamlReader) convert(n *yaml.Node) tree {
	t := tree{kind: otherKind, at: r.place(n)}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		if r.bad == nil {
			d := diag.New(diag.BadHostsFile, "anchors and aliases are refused in hosts files").At(t.at).WithFix("write the value out")
			r.bad = &d
		}
		return t
	}
	switch n.Kind {
	case yaml.MappingNode:
		t.kind = mapKind
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			value := r.convert(n.Content[i+1])
			t.pairs = append(t.pairs, pair{scalar{key.Value, r.place(key)}, value})
			r.convert(key)
		}
	case yaml.SequenceNode:
		t.kind = listKind
		for _, item := range n.Content {
			t.items = append(t.items, r.convert(item))
		}
	case yaml.ScalarNode:
		if n.ShortTag() == "!!str" {
			t.kind, t.text = textKind, n.Value
		}
	}
	return t
}

func (r *yamlReader) place(n *yaml.Node) diag.Range { return r.inBytes(n.Line, n.Column) }

// inBytes converts a column that counts characters into one of bytes.
func (r *yamlReader) inBytes(line, column int) diag.Range {
	at := r.at(line, 1)
	rest := r.lines[at.Start.Line-1]
	bytes := 1
	for i := 1; i < column && len(rest) > 0; i++ {
		_, size := utf8.DecodeRune(rest)
		rest = rest[size:]
		bytes += size
	}
	return r.at(line, bytes)
}
