package verify

import (
	"os"
	"strings"
	"testing"
)

func TestEveryCodeIsExplained(t *testing.T) {
	page, err := os.ReadFile("../../../docs/verify/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range Codes {
		if !strings.Contains(string(page), "| "+string(code)+" |") {
			t.Errorf("docs/verify/README.md does not explain %s", code)
		}
	}
	if rows := strings.Count(string(page), "\n| ") - 1; rows != len(Codes) {
		t.Errorf("it explains %d codes, there are %d", rows, len(Codes))
	}
}
