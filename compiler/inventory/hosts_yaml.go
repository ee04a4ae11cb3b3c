package inventory

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/compiler/diag"
)

// yamlReader turns YAML nodes into a tree with positions in bytes.
type yamlReader struct {
	path  string
	lines [][]byte
	bad   *diag.Diagnostic
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// readYAML reads one document. Anchors and aliases are refused: they are how a small file becomes a large one.
func readYAML(f File) (tree, *diag.Diagnostic) {
	r := &yamlReader{path: f.Path, lines: bytes.Split(f.Data, []byte("\n"))}
	dec := yaml.NewDecoder(bytes.NewReader(f.Data))
	var doc yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return r.empty()
	} else if err != nil {
		return tree{}, r.syntax(err)
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

// syntax brings yaml's message and line into our form.
func (r *yamlReader) syntax(err error) *diag.Diagnostic {
	at := diag.Range{File: r.path}
	msg := err.Error()
	if m := yamlLine.FindStringSubmatch(msg); m != nil {
		msg = msg[len(m[0]):]
		if n, err := strconv.Atoi(m[1]); err == nil && n >= 1 && n <= len(r.lines) {
			at.Start = diag.Pos{Line: n, Column: 1}
			at.End = at.Start
		}
	}
	d := diag.New(diag.BadHostsFile, "not YAML: %s", msg).At(at).WithFix("check indentation and quotes")
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

// at converts yaml's column, which counts characters, into bytes.
func (r *yamlReader) at(n *yaml.Node) diag.Range {
	pos := diag.Pos{Line: n.Line, Column: 1}
	if n.Line >= 1 && n.Line <= len(r.lines) {
		line := r.lines[n.Line-1]
		for i := 1; i < n.Column && len(line) > 0; i++ {
			_, size := utf8.DecodeRune(line)
			line = line[size:]
			pos.Column += size
		}
	}
	return diag.Range{File: r.path, Start: pos, End: pos}
}
