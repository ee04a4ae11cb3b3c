package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"sync"

	"github.com/ringfence/ringfence/internal/canonical"
)

const (
	maxFrame = 16 << 10
	headSize = len("cccccccc llllllll ssssssssssssssss ")
	header   = `{"apiVersion":"` + canonical.APIVersion + `","kind":"Journal"}`
)

// castagnoli is made when a journal is first used: that takes longer than anything else this package does at a start.
var castagnoli = sync.OnceValue(func() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) })

// frame is one line of the file. The payload is canonical JSON, so it holds no line break.
func frame(seq uint64, payload []byte) []byte {
	body := fmt.Appendf(nil, "%08x %016x %s\n", len(payload), seq, payload)
	return append(fmt.Appendf(nil, "%08x ", crc32.Checksum(body, castagnoli())), body...)
}

// unframe reads the whole line that raw begins with; ok is false for anything that frame does not write.
func unframe(raw []byte) (seq uint64, payload []byte, ok bool) {
	if len(raw) <= headSize {
		return 0, nil, false
	}
	size, err := strconv.ParseUint(string(raw[9:17]), 16, 32)
	if err != nil || size > maxFrame || len(raw) <= headSize+int(size) {
		return 0, nil, false
	}
	if seq, err = strconv.ParseUint(string(raw[18:34]), 16, 64); err != nil {
		return 0, nil, false
	}
	payload = raw[headSize : headSize+int(size)]
	return seq, payload, bytes.HasPrefix(raw, frame(seq, payload))
}

// encode gives an entry its line.
func encode(seq uint64, e Entry) ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	payload, err := canonical.Marshal(e)
	if err != nil {
		return nil, err
	}
	line := frame(seq, payload)
	if len(line) > maxFrame {
		return nil, fmt.Errorf("an entry of %d bytes is too long", len(line))
	}
	return line, nil
}

func decodeEntry(payload []byte) (Entry, error) {
	var e Entry
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return Entry{}, err
	}
	if again, err := canonical.Marshal(e); err != nil || !bytes.Equal(again, payload) {
		return Entry{}, errors.New("it is not what this release writes")
	}
	return e, e.check()
}

// contents is what a file says.
type contents struct {
	entries []Entry
	last    uint64 // sequence number
	whole   int    // bytes of whole lines
}

// decode reads a file. What one interrupted write can leave at its end is left out; other damage is a *DamageError.
func decode(raw []byte) (contents, error) {
	first, payload, ok := unframe(raw)
	if !ok || string(payload) != header {
		return contents{}, &DamageError{Offset: 0, Why: "it does not begin as a journal does"}
	}
	c := contents{last: first, whole: headSize + len(payload) + 1}
	for c.whole < len(raw) {
		seq, payload, ok := unframe(raw[c.whole:])
		if !ok && torn(raw[c.whole:]) {
			return c, nil
		}
		if !ok {
			return c, &DamageError{Offset: c.whole, Why: "an entry does not have the checksum that it says"}
		}
		if seq != c.last+1 {
			return c, &DamageError{Offset: c.whole, Why: fmt.Sprintf("entry %d stands where %d belongs", seq, c.last+1)}
		}
		e, err := decodeEntry(payload)
		if err != nil {
			return c, &DamageError{Offset: c.whole, Why: fmt.Sprintf("an entry is whole but says nothing known: %v; a newer ringfence may have written it", err)}
		}
		c.entries, c.last, c.whole = append(c.entries, e), seq, c.whole+headSize+len(payload)+1
	}
	return c, nil
}

// torn tells whether a write that was interrupted can have left this: every entry was synced before the next one was
// written, so it is at most one line, with no whole one in it.
func torn(tail []byte) bool {
	if len(tail) > maxFrame || bytes.ContainsRune(tail[:len(tail)-1], '\n') {
		return false
	}
	for i := range tail {
		if _, _, whole := unframe(tail[i:]); whole {
			return false
		}
	}
	return true
}
