package inventory

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	goccy "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/compiler/diag"
)

// yamlReader turns YAML nodes into a tree with positions in bytes.
type yamlReader struct {
	path  string
	lines [][]byte
	bad   *diag.Diagnostic
}

// readYAML reads one document. Anchors and aliases are refused: they are how a small file becomes a large one.
func readYAML(f File) (tree, *diag.Diagnostic) {
	r := &yamlReader{path: f.Path, lines: bytes.Split(f.Data, []byte("\n"))}
	dec := yaml.NewDecoder(bytes.NewReader(f.Data))
	var doc yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return r.empty()
	} else if err != nil {
		return tree{}, r.syntax(f.Data, err)
	}
	if err := dec.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		d := diag.New(diag.BadHostsFile, "the file holds more than one YAML document").At(diag.Range{File: f.Path}).WithFix("keep one")
		return tree{}, &d
	}
	if len(doc.Content) != 1 {
		return r.empty()
	}
	t := r.convert(doc.Content[0])
	return t, r.bad
}

func (r *yamlReader) empty() (tree, *diag.Diagnostic) {
	d := diag.New(diag.BadHostsFile, "the file is empty").At(diag.Range{File: r.path}).WithFix("write hosts: [] if there are none")
	return tree{}, &d
}

// syntax says what is wrong and where. The fast parser names a line near the mistake at best, so that a second one,
// slower and more exact, is asked about files that the first refused.
func (r *yamlReader) syntax(data []byte, err error) *diag.Diagnostic {
	at := diag.Range{File: r.path}
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	var exact *goccy.SyntaxError
	if _, err := parser.ParseBytes(data, 0); errors.As(err, &exact) && exact.Token != nil {
		msg = exact.Message
		at = r.position(exact.Token.Position.Line, exact.Token.Position.Column)
	}
	d := diag.New(diag.BadHostsFile, "not YAML: %s", show(msg)).At(at).WithFix("check indentation, quotes and brackets")
	return &d
}

func (r *yamlReader) convert(n *yaml.Node) tree {
	t := tree{kind: otherKind, at: r.at(n)}
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
			t.pairs = append(t.pairs, pair{scalar{key.Value, r.at(key)}, value})
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

func (r *yamlReader) at(n *yaml.Node) diag.Range { return r.position(n.Line, n.Column) }

// position converts a column that counts characters into one of bytes, and keeps both inside the file.
func (r *yamlReader) position(line, column int) diag.Range {
	pos := diag.Pos{Line: min(max(1, line), len(r.lines)), Column: 1}
	rest := r.lines[pos.Line-1]
	for i := 1; i < column && len(rest) > 0; i++ {
		_, size := utf8.DecodeRune(rest)
		rest = rest[size:]
		pos.Column += size
	}
	return diag.Range{File: r.path, Start: pos, End: pos}
}
