package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var eventType = regexp.MustCompile(`\.(?:emit|event)\("([a-z_]+)"`)

// TestEventTypesAreDocumented: whoever reads the stream finds every type on the page of documents.
func TestEventTypesAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "formats.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, types, _ := strings.Cut(string(page), "\nTypes: ")
	types, _, _ = strings.Cut(types, "\n\n")
	files, err := filepath.Glob(filepath.Join(root, "internal", "command", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range eventType.FindAllStringSubmatch(string(src), -1) {
			if !strings.Contains(types, "`"+m[1]+"`") {
				t.Errorf("%s: docs/formats.md does not list the type %s", filepath.Base(f), m[1])
			}
		}
	}
}
