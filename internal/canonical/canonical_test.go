package canonical

import (
	"strings"
	"testing"
	"time"
)

func TestDigestIgnoresOrderAndSpace(t *testing.T) {
	type ab struct {
		A int    `json:"a"`
		B string `json:"b"`
	}
	type ba struct {
		B string `json:"b"`
		A int    `json:"a"`
	}
	x, err := Digest(ab{1, "é"})
	if err != nil {
		t.Fatal(err)
	}
	y, _ := Digest(ba{"é", 1})
	z, _ := Digest(map[string]any{"b": "é", "a": 1})
	if x != y || y != z || !strings.HasPrefix(x, "sha256:") || len(x) != 71 {
		t.Errorf("%s, %s, %s", x, y, z)
	}
}

func TestInstantIsUTCWholeSeconds(t *testing.T) {
	in := time.Date(2026, 11, 21, 21, 0, 0, 999, time.FixedZone("", 3600))
	raw, err := Marshal(Instant(in))
	if err != nil || string(raw) != `"2026-11-21T20:00:00Z"` {
		t.Errorf("%s, %v", raw, err)
	}
}
