package plugin

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// send writes one value as a stream of pieces; collect puts them together again.
func send[M proto.Message](to interface{ Send(M) error }, value M) error {
	for _, piece := range split(value) {
		if err := to.Send(piece.(M)); err != nil {
			return err
		}
	}
	return nil
}

// message is a pointer to a generated type.
type message[W any] interface {
	*W
	proto.Message
}

// collect merges the pieces of one answer within the bounds.
func collect[W any, M message[W]](from interface{ Recv() (*W, error) }) (*W, error) {
	whole := new(W)
	size, count := 0, 0
	for ; ; count++ {
		piece, err := from.Recv()
		switch {
		case errors.Is(err, io.EOF) && count == 0:
			return nil, fmt.Errorf("%w: it is empty", ErrBadAnswer)
		case errors.Is(err, io.EOF):
			return whole, nil
		case err != nil:
			return nil, err
		}
		size += proto.Size(M(piece))
		if size > maxAnswer || count > maxElements {
			return nil, fmt.Errorf("%w: it is larger than %d MiB", ErrBadAnswer, maxAnswer>>20)
		}
		proto.Merge(M(whole), M(piece))
		if elements(M(whole)) > maxElements {
			return nil, fmt.Errorf("%w: its lists are longer than %d", ErrBadAnswer, maxElements)
		}
	}
}

func elements(m proto.Message) int {
	n := 0
	m.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if field.IsList() {
			n += v.List().Len()
		}
		return true
	})
	return n
}

// split cuts a value at the elements of its lists. Single fields go with the first piece; an element is never cut, so
// long bytes must be a list of pieces already.
func split(m proto.Message) []proto.Message {
	if proto.Size(m) <= pieceSize {
		return []proto.Message{m}
	}
	c := &cutter{kind: m.ProtoReflect()}
	c.next()
	m.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if !field.IsList() {
			c.piece.Set(field, v)
			c.size = proto.Size(c.piece.Interface())
		}
		return true
	})
	m.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if field.IsList() {
			c.list(field, v.List())
		}
		return true
	})
	return c.pieces
}

type cutter struct {
	kind   protoreflect.Message
	pieces []proto.Message
	piece  protoreflect.Message
	size   int
}

func (c *cutter) next() {
	c.piece, c.size = c.kind.New(), 0
	c.pieces = append(c.pieces, c.piece.Interface())
}

func (c *cutter) list(field protoreflect.FieldDescriptor, list protoreflect.List) {
	for i := range list.Len() {
		size := elementSize(field, list.Get(i))
		if c.size > 0 && c.size+size > pieceSize {
			c.next()
		}
		c.piece.Mutable(field).List().Append(list.Get(i))
		c.size += size
	}
}

// elementSize is the element's size on the wire with room for its tag and length.
func elementSize(field protoreflect.FieldDescriptor, v protoreflect.Value) int {
	const overhead = 16
	switch field.Kind() {
	case protoreflect.MessageKind:
		return proto.Size(v.Message().Interface()) + overhead
	case protoreflect.BytesKind:
		return len(v.Bytes()) + overhead
	case protoreflect.StringKind:
		return len(v.String()) + overhead
	default:
		return overhead
	}
}

// pieces cuts long bytes; join is its inverse.
func pieces(text []byte) [][]byte {
	var out [][]byte
	for len(text) > pieceSize/2 {
		out = append(out, text[:pieceSize/2])
		text = text[pieceSize/2:]
	}
	if len(text) > 0 {
		out = append(out, text)
	}
	return out
}

func join(pieces [][]byte) []byte {
	if len(pieces) == 0 {
		return nil
	}
	return bytes.Join(pieces, nil)
}
