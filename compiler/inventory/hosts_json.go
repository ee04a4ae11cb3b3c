package inventory

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/ringfence/ringfence/compiler/diag"
)

const maxDepth = 64

// jsonReader reads JSON token by token, because only so are positions and repeated keys seen.
type jsonReader struct {
	text
	data []byte
	dec  *json.Decoder
	line int // of done
	bol  int // where that line begins
	done int // bytes that line and bol account for
}

var (
	errDepth = errors.New("nested too deeply")
	errMore  = errors.New("there is text after the end")
)

func readJSON(f File) (tree, *diag.Diagnostic) {
	r := &jsonReader{text: textOf(f), data: f.Data, dec: json.NewDecoder(bytes.NewReader(f.Data)), line: 1}
	r.dec.UseNumber()
	t, err := r.value(0)
	if err == nil {
		if _, err = r.dec.Token(); errors.Is(err, io.EOF) {
			return t, nil
		}
		err = errMore
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	d := diag.New(diag.BadHostsFile, "not JSON: %v", err).At(r.here()).WithFix("check commas, quotes and brackets")
	return tree{}, &d
}

func (r *jsonReader) value(depth int) (tree, error) {
	if depth > maxDepth {
		return tree{}, errDepth
	}
	at := r.here()
	token, err := r.dec.Token()
	if err != nil {
		return tree{}, err
	}
	t := tree{kind: otherKind, at: at}
	switch v := token.(type) {
	case string:
		t.kind, t.text = textKind, v
	case json.Number:
		t.number = v.String()
	case json.Delim:
		if v == '{' {
			t.kind = mapKind
			err = r.object(&t, depth)
		} else {
			t.kind = listKind
			err = r.array(&t, depth)
		}
	}
	return t, err
}

func (r *jsonReader) object(t *tree, depth int) error {
	for r.dec.More() {
		at := r.here()
		key, err := r.dec.Token()
		if err != nil {
			return err
		}
		value, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		name, _ := key.(string)
		t.pairs = append(t.pairs, pair{scalar{name, at}, value})
	}
	_, err := r.dec.Token()
	return err
}

func (r *jsonReader) array(t *tree, depth int) error {
	for r.dec.More() {
		item, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		t.items = append(t.items, item)
	}
	_, err := r.dec.Token()
	return err
}

// here is where the next token begins: past white space and the separators, which the decoder reads with it.
func (r *jsonReader) here() diag.Range {
	i := int(r.dec.InputOffset())
	for i < len(r.data) && bytes.IndexByte([]byte(" \t\r\n,:"), r.data[i]) >= 0 {
		i++
	}
	for ; r.done < i; r.done++ {
		if r.data[r.done] == '\n' {
			r.line++
			r.bol = r.done + 1
		}
	}
	return r.at(r.line, i-r.bol+1)
}
