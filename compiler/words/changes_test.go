package words

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/policy"
)

// TestChanges: what an edit takes away and brings, and nothing of what stays or only moves to other lines.
func TestChanges(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*policy.Tenant)
		want string
	}{
		"nothing": {func(*policy.Tenant) {}, ""},
		"lines":   {func(p *policy.Tenant) { p.Rings[0].Source, p.Otherwise.Source = "x.cue:99:1", "x.cue:98:1" }, ""},
		"a number": {func(p *policy.Tenant) { p.Rings[0].StopAtFailures = 5 }, `
			Rings|broad - Once 2 hosts failed in one run, nothing more starts in this ring.
			Rings|broad + Once 5 hosts failed in one run, nothing more starts in this ring.`},
		"a rule goes": {func(p *policy.Tenant) { p.Otherwise = nil }, `
			Approval| + An update that no rule matches is not installed.
			Approval|otherwise - An update that no rule matches which approves or asks for signatures needs the signature of a person of role ops.`},
		"the tenant": {func(p *policy.Tenant) { p.Disabled = false }, `
			| - It is switched off: nothing of it is scanned, planned or run.`},
		"Rego": {func(p *policy.Tenant) { p.Modules = []policy.Module{{Path: "baseline/custom.rego", Text: "other"}} }, `
			Further rules in Rego| + baseline/custom.rego was edited. What its rules say is not in these words; read it.`},
	} {
		is := sample()
		c.edit(is)
		var b strings.Builder
		for _, x := range Changes(sample(), is, sampleAt) {
			for _, l := range x.Was {
				fmt.Fprintf(&b, "\n%s|%s - %s", x.Section, x.Item, l.Text)
			}
			for _, l := range x.Now {
				fmt.Fprintf(&b, "\n%s|%s + %s", x.Section, x.Item, l.Text)
			}
		}
		if got, want := b.String(), strings.ReplaceAll(c.want, "\t", ""); got != want {
			t.Errorf("%s: got %s\nwant %s", name, got, want)
		}
	}
}
