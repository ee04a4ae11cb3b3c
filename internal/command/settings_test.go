package command

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestEveryVerbAnswersForUnknownSettings: the story says of each verb what becomes of it when ringfence.cue does not
// compile, so that a new one cannot go on as if there were no remote, no signature and no quorum.
func TestEveryVerbAnswersForUnknownSettings(t *testing.T) {
	raw, err := os.ReadFile("../../cmd/ringfence/testdata/script/settings_unknown.txtar")
	if err != nil {
		t.Fatal(err)
	}
	_, story, _ := strings.Cut(string(raw), "commit 'A slip")
	var told func(c *cobra.Command)
	told = func(c *cobra.Command) {
		for _, child := range c.Commands() {
			told(child)
		}
		if line := "ringfence " + strings.TrimPrefix(c.CommandPath(), "ringfence "); c.HasParent() && !c.HasSubCommands() && !strings.Contains(story+" ", line) {
			t.Errorf("the story of unknown settings does not run %q", c.CommandPath())
		}
	}
	told((&app{}).root())
}

// TestSettingsHaveOneDoor: whoever reads them past it would crash where they are not known.
func TestSettingsHaveOneDoor(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if f.Name() != "settings.go" && !strings.HasSuffix(f.Name(), "_test.go") && strings.Contains(string(raw), "set.Settings") {
			t.Errorf("%s reads a workspace's settings itself; ask settings or shared", f.Name())
		}
	}
}
