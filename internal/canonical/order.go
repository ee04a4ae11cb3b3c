package canonical

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// ordered puts the members of compact JSON in canonical order: all that is left to do for what encoding/json wrote,
// nearly always, and many times faster than reading it into a tree. It reports false when there is anything whose
// canonical form could be another, such as a number that is no small integer, an escape that RFC 8785 writes in another
// way, or a key beyond ASCII, whose order is that of UTF-16; then the library must do it.
func ordered(raw []byte) ([]byte, bool) {
	w := writer{in: raw, out: make([]byte, 0, len(raw))}
	ok := utf8.Valid(raw) && w.value(0) && w.pos == len(raw)
	return w.out, ok
}

type writer struct {
	in      []byte
	pos     int
	out     []byte
	members []member // of all objects that are open
	scratch []byte
}

// member is one of an object: its key and where it lies in the output, key included.
type member struct {
	key      []byte
	from, to int
}

// maxDepth is deeper than any document of ours; what is deeper goes to the library, which has a limit of its own.
const maxDepth = 200

func (w *writer) value(depth int) bool {
	if w.pos >= len(w.in) || depth > maxDepth {
		return false
	}
	switch w.in[w.pos] {
	case '{':
		return w.object(depth)
	case '[':
		return w.array(depth)
	case '"':
		return w.text()
	case 't':
		return w.word("true")
	case 'f':
		return w.word("false")
	case 'n':
		return w.word("null")
	}
	return w.number()
}

// take copies the next byte if it is c.
func (w *writer) take(c byte) bool {
	if w.pos >= len(w.in) || w.in[w.pos] != c {
		return false
	}
	w.out = append(w.out, c)
	w.pos++
	return true
}

func (w *writer) array(depth int) bool {
	w.take('[')
	if w.take(']') {
		return true
	}
	for {
		if !w.value(depth + 1) {
			return false
		}
		if !w.take(',') {
			return w.take(']')
		}
	}
}

func (w *writer) object(depth int) bool {
	w.take('{')
	if w.take('}') {
		return true
	}
	first := len(w.members)
	for {
		m := member{from: len(w.out)}
		start := w.pos
		if !w.text() {
			return false
		}
		m.key = w.in[start+1 : w.pos-1]
		if !plainKey(m.key) || !w.take(':') || !w.value(depth+1) {
			return false
		}
		m.to = len(w.out)
		w.members = append(w.members, m)
		if w.pos < len(w.in) && w.in[w.pos] == ',' {
			w.pos++
			continue
		}
		ok := w.sort(w.members[first:])
		w.members = w.members[:first]
		return ok && w.take('}')
	}
}

func plainKey(key []byte) bool {
	return !slices.ContainsFunc(key, func(c byte) bool { return c >= utf8.RuneSelf || c == '\\' })
}

// sort lays out the members of an object, which lie one behind the other at the end of the output. Two of one name are
// not ours to judge.
func (w *writer) sort(list []member) bool {
	from := list[0].from
	w.scratch = append(w.scratch[:0], w.out[from:]...)
	slices.SortFunc(list, func(a, b member) int { return bytes.Compare(a.key, b.key) })
	w.out = w.out[:from]
	for i, m := range list {
		if i > 0 {
			if bytes.Equal(list[i-1].key, m.key) {
				return false
			}
			w.out = append(w.out, ',')
		}
		w.out = append(w.out, w.scratch[m.from-from:m.to-from]...)
	}
	return true
}

// text copies a string, quotes included.
func (w *writer) text() bool {
	start := w.pos
	if start >= len(w.in) || w.in[start] != '"' {
		return false
	}
	for i := start + 1; i < len(w.in); i++ {
		switch c := w.in[i]; {
		case c == '"':
			w.pos = i + 1
			w.out = append(w.out, w.in[start:w.pos]...)
			return true
		case c < ' ':
			return false
		case c == '\\':
			n := escape(w.in[i:])
			if n == 0 {
				return false
			}
			i += n - 1
		}
	}
	return false
}

// escape is the length of an escape that is canonical as it stands, else 0.
func escape(in []byte) int {
	switch {
	case len(in) < 2:
		return 0
	case bytes.IndexByte([]byte(`"\bfnrt`), in[1]) >= 0:
		return 2
	case len(in) < 6 || !bytes.HasPrefix(in, []byte(`\u00`)):
		return 0
	case in[4] == '1' && lowerHex(in[5]), in[4] == '0' && lowerHex(in[5]) && bytes.IndexByte([]byte("89acd"), in[5]) < 0:
		return 6
	}
	return 0
}

func lowerHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

func (w *writer) word(word string) bool {
	if !bytes.HasPrefix(w.in[w.pos:], []byte(word)) {
		return false
	}
	w.out = append(w.out, word...)
	w.pos += len(word)
	return true
}

// maxDigits are those of integers that any number of JSON holds exactly and writes as they are.
const maxDigits = 15

func (w *writer) number() bool {
	start := w.pos
	if w.in[w.pos] == '-' {
		w.pos++
	}
	digits := w.in[w.pos:]
	n := 0
	for n < len(digits) && digits[n] >= '0' && digits[n] <= '9' {
		n++
	}
	w.pos += n
	if n == 0 || n > maxDigits || digits[0] == '0' && w.pos-start > 1 {
		return false
	}
	if w.pos < len(w.in) && bytes.IndexByte([]byte(",]}"), w.in[w.pos]) < 0 {
		return false
	}
	w.out = append(w.out, w.in[start:w.pos]...)
	return true
}
