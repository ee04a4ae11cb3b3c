package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// The author of every commit. The runner's name stands in the record.
const (
	Author      = "Ringfence"
	AuthorEmail = "ringfence@localhost"
)

// ErrBroken is wrapped by the errors of records, leases and orders that are not what was written there.
var ErrBroken = errors.New("the ledger is broken")

// MaxText bounds what a lease or an order may say in one field.
const MaxText = 500

const maxLine = 200

// Line is text as one line of a commit's message, neutralised.
func Line(text string) string { return untrusted.Line(text, maxLine) }

var plainName = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// IsName says whether a tenant or site may be called so: it becomes part of a ref or a file name.
func IsName(name string) bool { return plainName.MatchString(name) }

// Encode is the one form of a ledger file: canonical JSON and a line break.
func Encode(v any) ([]byte, error) {
	raw, err := canonical.Marshal(v)
	return append(raw, '\n'), err
}

// Decode accepts only what Encode writes: the canonical form also excludes keys given twice.
func Decode(raw []byte, into any) error {
	want, err := Encode(json.RawMessage(raw))
	if err != nil {
		return err
	}
	if !bytes.Equal(want, raw) {
		return errors.New("it is not canonical JSON with one line break")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w; a newer ringfence may have written it", err)
	}
	return nil
}
