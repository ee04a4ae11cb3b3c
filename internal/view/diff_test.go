package view

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/effect"
	"github.com/ringfence/ringfence/internal/phrase"
)

// manyGroups is a comparison of n tenants with as many groups each, all of whose names are hostile.
func manyGroups(n int) Diff {
	v := Diff{Document: effect.DiffDocument{Base: strings.Repeat("a", 40), Head: strings.Repeat("b", 40)}, Clocks: map[string]phrase.Clocks{}}
	opens := time.Date(2026, 11, 28, 19, 0, 0, 0, time.UTC)
	for i := range n {
		t := effect.TenantDiff{Tenant: fmt.Sprintf("customer-%d", i), Site: "main", State: "changed"}
		v.Clocks[t.Tenant] = phrase.ClocksOf(nil)
		for j := range n {
			t.Groups = append(t.Groups, effect.DiffGroup{
				Kind: effect.Kinds()[j%14], Of: effect.OfUpdate, Ring: "<b>@everyone</b>", Count: 9, Hosts: 9, Updates: 1,
				From: effect.DiffState{State: "rejected"}, To: effect.DiffState{State: "planned", Window: "a|b\x1b[2J", Opens: &opens},
				Cause:    effect.DiffCause{Source: "tenants/x/<script>.cue:1:1", What: "window [x](javascript:1)"},
				Examples: []effect.DiffExample{{Host: "`host`\n# heading", Update: "pkg:deb/debian/<img>@1\u202e"}},
			})
		}
		v.Document.Tenants = append(v.Document.Tenants, t, effect.TenantDiff{Tenant: t.Tenant, Site: "<b>", State: effect.NeverScanned, Unscanned: 3, Unknown: effect.Kinds()})
		v.Document.Sentences = append(v.Document.Sentences, effect.DiffWords{
			Tenants: []string{t.Tenant}, Section: "<b>@everyone</b>", Item: "`item`\n# heading",
			Was: []effect.DiffSentence{{Text: "[x](javascript:1)\x1b[2J", Source: "tenants/<script>.cue:1:1"}}, Now: []effect.DiffSentence{{Text: "<img>\u202e"}},
		})
	}
	return v
}

// TestMarkdownFitsAComment: whatever changes, a forge takes the comment, it says how much is missing, and nothing of it
// is markup that names brought along.
func TestMarkdownFitsAComment(t *testing.T) {
	for _, n := range []int{1, 3, 14, 20, 60} {
		var b bytes.Buffer
		v := manyGroups(n)
		if err := v.Markdown(&b); err != nil {
			t.Fatal(err)
		}
		got := b.String()
		cut := regexp.MustCompile(`\*\*(\d+) more lines\*\* found no room here; run .ringfence diff a{40} b{40}.`).MatchString(got)
		if len(got) > 60_000 || cut != (n >= 14) {
			t.Errorf("%d tenants: %d bytes, cut %t", n, len(got), cut)
		}
		if opened, closed := strings.Count(got, "<details>"), strings.Count(got, "</details>"); opened != closed || (opened == 0) != (n == 60) { // what is loud fills the largest
			t.Errorf("%d tenants: %d folds opened, %d closed", n, opened, closed)
		}
		if live := regexp.MustCompile(`[^\\]<[bsi]|@[a-z]|\n# |[^\\]\]\(|\x1b|\x{202e}`).FindString(strings.ReplaceAll(got, "<summary>", "")); live != "" {
			t.Errorf("%d tenants: %q is live", n, live)
		}
	}
}

// TestTextNeutralises: no byte of a name acts on a terminal.
func TestTextNeutralises(t *testing.T) {
	var b bytes.Buffer
	if err := manyGroups(2).Text(&b); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\u202e") || strings.Contains(b.String(), "\n# heading") {
		t.Errorf("%q", b.String())
	}
}

// TestShift says moves in the largest unit that is exact.
func TestShift(t *testing.T) {
	for seconds, want := range map[int64]string{
		7 * 86400: "7 days later", -86400: "1 day earlier", 90: "1m30s later", -36 * 3600: "36h earlier",
	} {
		if got := shift(seconds); got != want {
			t.Errorf("%d: %q, want %q", seconds, got, want)
		}
	}
}
