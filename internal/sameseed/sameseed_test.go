package sameseed

import (
	"testing"

	"pgregory.net/rapid"
)

// TestDrawsAgain: what is drawn depends on the seed alone.
func TestDrawsAgain(t *testing.T) {
	draw := func() (drawn []int64) {
		rapid.Check(t, func(t *rapid.T) { drawn = append(drawn, rapid.Int64().Draw(t, "n")) })
		return drawn
	}
	first, second := draw(), draw()
	if len(first) < 2 || first[0] == first[len(first)-1] {
		t.Fatalf("nothing was drawn: %v", first)
	}
	for i, n := range first {
		if second[i] != n {
			t.Fatalf("draw %d is %d, then %d", i, n, second[i])
		}
	}
}
