package decide

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	_ "github.com/ringfence/ringfence/internal/sameseed"
	"github.com/ringfence/ringfence/policies"
)

func evaluator(tb testing.TB, t *policy.Tenant) *Evaluator {
	tb.Helper()
	v, err := New(context.Background(), t, policies.Decide)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func yes() *bool { b := true; return &b }

// tenant is the policy of the architecture's example.
func tenant(modules ...policy.Module) *policy.Tenant {
	match := func(class string) *policy.Match { return &policy.Match{Classification: []string{class}} }
	approve := func(after time.Duration, anchor, fallback policy.Anchor) *policy.Approve {
		return &policy.Approve{After: policy.Duration(after), Anchor: anchor, Fallback: fallback}
	}
	return &policy.Tenant{
		Name: "acme",
		Rules: []policy.Rule{
			{Name: "definitions", Match: match("definition"), Approve: approve(30*time.Minute, policy.FirstSeen, ""), Source: "b.cue:4:3"},
			{Name: "exploited", Match: &policy.Match{Exploited: yes()}, Approve: approve(0, policy.FirstSeen, ""), Source: "b.cue:2:3"},
			{Name: "security", Match: match("security"), Approve: approve(24*time.Hour, policy.Released, policy.FirstSeen), Source: "b.cue:3:3"},
		},
		Otherwise: &policy.Rule{Name: "otherwise", Require: &policy.Require{Approvers: 1, Role: "ops"}, Source: "b.cue:5:3"},
		Lanes: []policy.Lane{
			{Name: "definitions", Match: *match("definition")},
			{Name: "urgent", Match: policy.Match{Exploited: yes()}, Priority: 1},
		},
		Freezes: []policy.Freeze{
			{Name: "audit"},
			{Name: "yearEnd", Allow: &policy.Match{Exploited: yes()}},
		},
		Modules: modules,
	}
}

// update is one of a class that the built-in rules tell apart, named so that modules can.
func update(name string, class inventory.Class, exploited bool) inventory.Update {
	return inventory.Update{
		PURL: "pkg:deb/debian/" + name + "@1", Name: name, Version: "1", Class: class, Severity: "high", Exploited: exploited,
	}
}

func TestBuiltinRulesPassTheirOwnTests(t *testing.T) {
	modules := map[string]*ast.Module{}
	for _, name := range []string{"decide.rego", "decide_test.rego"} {
		text, err := policies.Decide.ReadFile("decide/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if modules[name], err = parse(policy.Module{Path: name, Text: string(text)}, forTests()); err != nil {
			t.Fatal(err)
		}
	}
	results, err := runTests(t.Context(), newCompiler(forTests()), modules, &heads{true: map[string]bool{}})
	if err != nil || len(results) < 8 {
		t.Fatalf("%d tests ran: %v", len(results), err)
	}
	for _, r := range results {
		if !r.Pass {
			t.Errorf("%s: %s %s", r.Source, r.Name, r.Error)
		}
	}
}

// names lists what an answer says in one line.
func brief(a decision.Answer) string {
	var grants, blocks []string
	for _, g := range a.Grants {
		grants = append(grants, g.Rule)
	}
	for _, b := range a.Blocks {
		blocks = append(blocks, string(b.Kind)+" "+b.Source)
	}
	return strings.Join(grants, " ") + " | " + strings.Join(blocks, ", ") + " | " + strings.Join(a.Lanes, " ") + " | " + strings.Join(a.Freezes, " ")
}

func TestAnswers(t *testing.T) {
	updates := []inventory.Update{
		update("openssl", inventory.ClassSecurity, false), update("openssl", inventory.ClassSecurity, true),
		update("clamav", inventory.ClassDefinition, false), update("vim", inventory.ClassEnhancement, false),
		update("odd", "", false), update("openssl", inventory.ClassSecurity, false),
	}
	answers, digests := evaluator(t, tenant()).Answers(t.Context(), updates)
	want := []string{
		"security |  |  | ", "exploited security |  | urgent | yearEnd", "definitions |  | definitions | ",
		"otherwise |  |  | ", "otherwise |  |  | ", "security |  |  | ",
	}
	for i, a := range answers {
		if brief(a) != want[i] {
			t.Errorf("%d: got %s, want %s", i, brief(a), want[i])
		}
		if a.Class == "" || a.Class != digests[i] {
			t.Errorf("%d: class %q, digest %q", i, a.Class, digests[i])
		}
	}
	if digests[0] != digests[5] || digests[0] == digests[1] {
		t.Error("a digest is that of the class")
	}
	security := decision.Grant{Rule: "security", Approve: tenant().Rules[2].Approve, Source: "b.cue:3:3"}
	if got := answers[0].Grants[0]; !reflect.DeepEqual(got, security) {
		t.Errorf("got %+v", got)
	}
}

func TestTimeIsNotPartOfAClass(t *testing.T) {
	a := update("openssl", inventory.ClassSecurity, false)
	b := a
	b.FirstSeen, b.EPSS, b.CVEs = time.Now(), new(int), []string{}
	_, digests := evaluator(t, tenant()).Answers(t.Context(), []inventory.Update{a, b})
	if digests[0] != digests[1] {
		t.Error("two instants made two classes")
	}
}

func TestTextThatIsNotUTF8IsDenied(t *testing.T) {
	updates := []inventory.Update{update("a\xff", inventory.ClassSecurity, false), update("ok", inventory.ClassSecurity, false)}
	answers, digests := evaluator(t, tenant()).Answers(t.Context(), updates)
	if brief(answers[0]) != " | error  |  | " || digests[0] != "" || brief(answers[1]) != "security |  |  | " {
		t.Errorf("%+v", answers)
	}
}

// Engines whose rules are at fault: what they do to one class must deny that class and leave the other as it is.
func TestAFaultyRuleDeniesItsClassOnly(t *testing.T) {
	good := `{"granted": ["security"], "lanes": [], "freezes": []}`
	for name, rule := range map[string]string{
		"error":        `answers[i] := ` + good + ` if { some i, u in input.updates; time.parse_rfc3339_ns(object.get(u, "date", u.version)) > 0 }`,
		"undefined":    `answers[i] := ` + good + ` if { some i, u in input.updates; u.name == "good" }`,
		"wrong type":   `answers[i] := {"good": ` + good + `, "bad": true}[u.name] if { some i, u in input.updates }`,
		"half of it":   `answers[i] := {"good": ` + good + `, "bad": {"granted": ["security"]}}[u.name] if { some i, u in input.updates }`,
		"other rule":   `answers[i] := {"good": ` + good + `, "bad": {"granted": ["x"], "lanes": [], "freezes": []}}[u.name] if { some i, u in input.updates }`,
		"other freeze": `answers[i] := {"good": ` + good + `, "bad": {"granted": [], "lanes": [], "freezes": ["audit"]}}[u.name] if { some i, u in input.updates }`,
		"conflict":     `answers[i] := v if { some i, u in input.updates; some n, v in {"good": ` + good + `, "bad": 1, "bad2": 2}; startswith(n, u.name) }`,
		"too long": `answers[i] := ` + good + ` if { some i, u in input.updates; count(busy(u.name)) >= 0 }
busy("good") := []
busy("bad") := [1 | some a in numbers.range(1, 10000); some b in numbers.range(1, 10000); a == b]`,
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{"decide.rego": {Data: []byte("package ringfence.decide\n" + rule)}}
			v, err := New(t.Context(), tenant(), files)
			if err != nil {
				t.Fatal(err)
			}
			bad, ok := update("bad", inventory.ClassSecurity, false), update("good", inventory.ClassSecurity, false)
			ok.Version = "2026-11-21T00:00:00Z"
			answers, _ := v.Answers(t.Context(), []inventory.Update{bad, ok})
			if len(answers[0].Grants) != 0 || len(answers[0].Blocks) != 1 || answers[0].Blocks[0].Kind != decision.Failed {
				t.Errorf("the class at fault: %+v", answers[0])
			}
			if brief(answers[1]) != "security |  |  | " {
				t.Errorf("the other class: %+v", answers[1])
			}
		})
	}
}

func TestNoRulesAtAllIsAnError(t *testing.T) {
	if _, err := New(t.Context(), tenant(), fstest.MapFS{}); err == nil {
		t.Error("an evaluator without rules")
	}
}

// oracle is the meaning of a match, written a second time.
func oracle(m *policy.Match, u inventory.Update) bool {
	if m == nil || m.Empty() {
		return false
	}
	byClass := len(m.Classification) == 0 || slices.Contains(m.Classification, string(u.Class))
	return byClass && (m.Exploited == nil || *m.Exploited == u.Exploited)
}

func anyMatch() *rapid.Generator[policy.Match] {
	return rapid.Custom(func(t *rapid.T) policy.Match {
		var m policy.Match
		if rapid.Bool().Draw(t, "by exploited") {
			e := rapid.Bool().Draw(t, "exploited")
			m.Exploited = &e
		}
		classes := rapid.SampledFrom([]string{"security", "bugfix", "definition", "unknown"})
		m.Classification = rapid.SliceOfNDistinct(classes, 0, 3, rapid.ID).Draw(t, "classes")
		return m
	})
}

func anyUpdate() *rapid.Generator[inventory.Update] {
	return rapid.Custom(func(t *rapid.T) inventory.Update {
		name := rapid.SampledFrom([]string{"a", "b", "c", "<&>\u2028"}).Draw(t, "name")
		return update(name, rapid.SampledFrom(inventory.Classes).Draw(t, "class"), rapid.Bool().Draw(t, "exploited"))
	})
}

// One evaluation of many classes must say of each what an evaluation of that one alone says, and what the oracle says.
func TestBatchesEqualSingleEvaluations(t *testing.T) {
	engine, err := Load(t.Context(), policies.Decide)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		p := &policy.Tenant{Name: "acme", Otherwise: tenant().Otherwise, Modules: []policy.Module{{Path: "x.rego", Text: hostileModule}}}
		for i, m := range rapid.SliceOfN(anyMatch(), 0, 4).Draw(rt, "matches") {
			name := string(rune('a' + i))
			p.Rules = append(p.Rules, policy.Rule{Name: name, Match: &m, Require: &policy.Require{Approvers: 1, Role: name}})
			p.Lanes = append(p.Lanes, policy.Lane{Name: name, Match: m})
			p.Freezes = append(p.Freezes, policy.Freeze{Name: name, Allow: &m})
		}
		v, err := engine.Evaluator(t.Context(), p)
		if err != nil {
			rt.Fatal(err)
		}
		updates := rapid.SliceOfN(anyUpdate(), 0, 20).Draw(rt, "updates")
		batched, _ := v.Answers(t.Context(), updates)
		for i, u := range updates {
			single, _ := v.Answers(t.Context(), []inventory.Update{u})
			if !reflect.DeepEqual(batched[i], single[0]) {
				rt.Fatalf("%+v: batched %+v, alone %+v", u, batched[i], single[0])
			}
			if u.Name != "c" && brief(batched[i]) != expected(p, u) {
				rt.Fatalf("%+v: got %s, want %s", u, brief(batched[i]), expected(p, u))
			}
		}
	})
}

const hostileModule = `package ringfence.custom
reject contains {"msg": "never b"} if input.update.name == "b"
hold contains {"msg": "bad date"} if { input.update.name == "c"; time.parse_rfc3339_ns("2026-13-45T00:00:00Z") > 0 }
`

func expected(p *policy.Tenant, u inventory.Update) string {
	var names []string
	for _, r := range p.Rules {
		if oracle(r.Match, u) {
			names = append(names, r.Name)
		}
	}
	matched, blocks := strings.Join(names, " "), ""
	if u.Name == "b" {
		blocks = "reject x.rego:2:1"
	}
	granted := matched
	if granted == "" {
		granted = "otherwise"
	}
	return granted + " | " + blocks + " | " + matched + " | " + matched
}

func TestEvaluatorIsSafeForConcurrentUse(t *testing.T) {
	v := evaluator(t, tenant(policy.Module{Path: "x.rego", Text: hostileModule}))
	updates := distinct(50)
	want, _ := v.Answers(context.Background(), updates)
	done := make(chan []decision.Answer)
	for range 4 {
		go func() {
			got, _ := v.Answers(context.Background(), updates)
			done <- got
		}()
	}
	for range 4 {
		if got := <-done; !reflect.DeepEqual(got, want) {
			t.Error("answers differ")
		}
	}
}
