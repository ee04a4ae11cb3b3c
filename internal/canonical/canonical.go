// Package canonical gives every document of Ringfence one byte form and one digest.
//
// The form is RFC 8785 (JSON Canonicalization Scheme): keys sorted, no insignificant white space. Floats do not
// occur in our documents, so two implementations cannot disagree about a number. Instants are UTC to the second.
package canonical

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gowebpki/jcs"
)

// APIVersion stands in every document, beside its kind.
const APIVersion = "ringfence.dev/v1"

// Marshal returns the canonical bytes of v. Equal values give equal bytes on every machine.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // RFC 8785 has no such escapes
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	raw := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if out, ok := ordered(raw); ok {
		return out, nil
	}
	out, err := jcs.Transform(raw)
	if err != nil {
		return nil, fmt.Errorf("canonicalise: %w", err)
	}
	return out, nil
}

// Digest returns "sha256:<hex>" over the canonical bytes of v. A document that carries its own digest must have
// that field empty (and omitempty) while it is measured.
func Digest(v any) (string, error) {
	raw, err := Marshal(v)
	if err != nil {
		return "", err
	}
	return DigestBytes(raw), nil
}

// DigestBytes returns "sha256:<hex>" of raw.
func DigestBytes(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Instant brings t to the form in which documents keep time: UTC, whole seconds, no monotonic reading.
func Instant(t time.Time) time.Time { return t.UTC().Truncate(time.Second).Round(0) }

// InstantPtr is Instant for optional fields; nil means "not known" and encodes as null.
func InstantPtr(t time.Time) *time.Time {
	u := Instant(t)
	return &u
}

// SameInstant compares optional fields: two that are not known are the same.
func SameInstant(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}
