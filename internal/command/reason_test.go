package command

import (
	"strings"
	"testing"
)

func TestReason(t *testing.T) {
	for name, c := range map[string]struct{ text, kept, refused string }{
		"plain":            {"the shop is down", "the shop is down", ""},
		"lines":            {" two\nlines\n", "two lines", ""},
		"escapes":          {"\x1b[31mred", "�[31mred", ""},
		"as long as it is": {strings.Repeat("x", 500), strings.Repeat("x", 500), ""},
		"empty":            {"", "", "it says nothing"},
		"blanks":           {"  \t\n", "", "it says nothing"},
		"what shows none":  {"\u200b \x00", "", "it says nothing"},
		"too long":         {strings.Repeat("x", 501), "", "it has 501 bytes (501 characters), and at most 500 bytes are kept"},
		"too many bytes":   {strings.Repeat("停", 167), "", "it has 501 bytes (167 characters)"},
		"grows":            {strings.Repeat("\x00x", 130), "", "it has 520 bytes (260 characters)"},
	} {
		var r reason
		err := r.Set(c.text)
		if string(r) != c.kept || (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %q, %v", name, r, err)
		}
	}
}
