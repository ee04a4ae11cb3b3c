package suggest

import (
	"strings"
	"testing"
)

var ring = []string{"maxUnavailable", "reboot", "requires", "select", "share", "stopAtFailures", "window"}

func TestWord(t *testing.T) {
	for _, c := range []struct {
		word string
		of   []string
		want string
	}{
		{"maxUnavailible", ring, "maxUnavailable"},
		{"MAXUNAVAILABLE", ring, "maxUnavailable"},
		{"rebote", ring, "reboot"},
		{"wnidow", ring, "window"},                           // two letters changed places
		{"maxFailures", ring, "stopAtFailures"},              // another tool's word
		{"end", []string{"starts", "ends"}, "ends"},          // the first field that can stand there
		{"end", []string{"start", "duration"}, "duration"},   //
		{"end", []string{"select", "reason"}, ""},            // a synonym of what cannot stand there
		{"x", []string{"y", "z"}, "y"},                       // one slip in a short word; the first by name
		{"ab", []string{"cd"}, ""},                           //
		{"mon", []string{"tuesday"}, ""},                     //
		{"timezone", nil, ""},                                //
		{"", ring, ""},                                       //
		{strings.Repeat("a", maxWord+1), []string{"aa"}, ""}, // no slip has that length
	} {
		if got := Word(c.word, c.of); got != c.want {
			t.Errorf("Word(%q, %v) = %q, want %q", c.word, c.of, got, c.want)
		}
	}
}

// TestWordIgnoresOrder: candidates come from maps.
func TestWordIgnoresOrder(t *testing.T) {
	if a, b := Word("ringx", []string{"rings", "ringz"}), Word("ringx", []string{"ringz", "rings"}); a != b || a != "rings" {
		t.Errorf("%q and %q", a, b)
	}
}

func TestSlip(t *testing.T) {
	for word, want := range map[string]string{"windows": "window", "Window": "", "wnidow": "window", "windowed": "", "shar": "share"} {
		if got := Slip(word, ring); got != want {
			t.Errorf("Slip(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestPhrases(t *testing.T) {
	if got := Tail("rebote", ring); got != `; did you mean "reboot"?` {
		t.Errorf("%q", got)
	}
	if got := Tail("nothing like it", ring); got != "" {
		t.Errorf("%q", got)
	}
}
