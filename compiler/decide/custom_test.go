package decide

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/policies"
)

const kernels = `# Kernels need a second pair of eyes.
package ringfence.custom

kernel if startswith(input.update.name, "linux-image-")

require contains {"msg": "kernel updates", "approvers": 2, "role": "ops"} if kernel

reject contains {"msg": sprintf("%s is retired", [input.update.name])} if {
	input.update.name == "libssl1.0.2"
}

reject contains {"msg": "also this one"} if input.update.name == "libssl1.0.2"

hold contains {"msg": "its maker does not say when it came"} if {
	input.update.class == "driver"
	not input.update.hasReleased
}
`

const ours = `package ringfence.tenant.acme
import data.ringfence.custom
hold contains {"msg": "our kernel is pinned"} if custom.kernel
`

func TestModulesTighten(t *testing.T) {
	v := evaluator(t, tenant(policy.Module{Path: "baseline/kernel.rego", Text: kernels}, policy.Module{Path: "tenants/acme/pin.rego", Text: ours}))
	answers, _ := v.Answers(t.Context(), []inventory.Update{
		update("linux-image-6.1", inventory.ClassSecurity, false), update("libssl1.0.2", inventory.ClassSecurity, true),
		update("nvidia", inventory.ClassDriver, false), update("vim", inventory.ClassBugfix, false),
	})
	for i, want := range []string{
		"security | require baseline/kernel.rego:6:1, hold tenants/acme/pin.rego:3:1 |  | ",
		"exploited security | reject baseline/kernel.rego:12:1, reject baseline/kernel.rego:8:1 | urgent | yearEnd",
		"otherwise | hold baseline/kernel.rego:14:1 |  | ",
		"otherwise |  |  | ",
	} {
		if got := brief(answers[i]); got != want {
			t.Errorf("%d\ngot  %s\nwant %s", i, got, want)
		}
	}
	kernel := answers[0].Blocks[0]
	if kernel.Rule != "ringfence.custom" || kernel.Msg != "kernel updates" || *kernel.Require != (policy.Require{Approvers: 2, Role: "ops"}) {
		t.Errorf("%+v", kernel)
	}
	if pin := answers[0].Blocks[1]; pin.Rule != "ringfence.tenant.acme" {
		t.Errorf("%+v", pin)
	}
}

// Whatever a module does to the class "bad", that class is denied and the class "good" is not.
func TestAFaultyModuleDeniesItsClassOnly(t *testing.T) {
	for name, c := range map[string]struct{ body, msg string }{
		"malformed date":   {`reject contains {"msg": "x"} if { bad; time.parse_rfc3339_ns("2026-13-45") > 0 }`, "month out of range"},
		"bad number":       {`reject contains {"msg": "x"} if { bad; to_number(input.update.name) > 0 }`, "invalid syntax"},
		"endless":          {`reject contains {"msg": "x"} if { bad; some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); a + b < 0 }`, "too long"},
		"a wide range":     {`reject contains {"msg": "x"} if { bad; count(numbers.range(1, 100000000000)) < 0 }`, "too long"},
		"conflict":         {`n := 1 if bad` + "\n" + `n := 2` + "\n" + `hold contains {"msg": "x"} if n == 3`, "conflict"},
		"text":             {`reject contains text if { bad; text := json.unmarshal("\"x\"") }`, "not an object"},
		"no msg":           {`reject contains json.unmarshal("{\"message\": \"x\"}") if bad`, "msg must be"},
		"empty msg":        {`reject contains {"msg": m} if { bad; m := " " }`, "msg must be"},
		"another key":      {`reject contains object.union({"msg": "x"}, {"until": "tomorrow"}) if bad`, "not read"},
		"half an approver": {`require contains {"msg": "x", "approvers": n, "role": "ops"} if { bad; n := 0.5 }`, "whole number"},
		"no approver":      {`require contains {"msg": "x", "approvers": n, "role": "ops"} if { bad; n := 0 }`, "whole number"},
		"no role":          {`require contains e if { bad; some e in [{"msg": "x", "approvers": 1}, {"msg": "x", "approvers": 1, "role": "ops"}] }`, "role"},
		"long msg":         {`reject contains {"msg": concat("", [sprintf("%d,", [n]) | some n in numbers.range(1, 1000)])} if bad`, "msg must be"},
		"a thousand":       {`hold contains {"msg": sprintf("%d", [n])} if { bad; some n in numbers.range(1, 1000) }`, "at most 64"},
	} {
		t.Run(name, func(t *testing.T) {
			text := "package ringfence.custom\nbad if input.update.name == \"bad\"\n" + c.body
			v := evaluator(t, tenant(policy.Module{Path: "x.rego", Text: text}))
			answers, _ := v.Answers(t.Context(), []inventory.Update{
				update("bad", inventory.ClassSecurity, false), update("good", inventory.ClassSecurity, false),
			})
			a := answers[0]
			if len(a.Grants) != 0 || len(a.Blocks) != 1 || a.Blocks[0].Kind != decision.Failed || !strings.Contains(a.Blocks[0].Msg, c.msg) {
				t.Errorf("bad: %+v", a)
			}
			if brief(answers[1]) != "security |  |  | " {
				t.Errorf("good: %+v", answers[1])
			}
		})
	}
}

// TestNobodySpeaksForOthers: a tenant that could write in the baseline's package could take a rejection of it away.
func TestNobodySpeaksForOthers(t *testing.T) {
	const baseline = "package ringfence.custom\ndefault exempt := false\nreject contains {\"msg\": \"x\"} if not exempt\n"
	for _, c := range []struct{ path, text, fix string }{
		{"tenants/acme/x.rego", "package ringfence.custom\nexempt if true\n", "use package ringfence.tenant.acme, or move"},
		{"tenants/msp-lab/x.rego", "package ringfence.custom\nexempt if true\n", `use package ringfence.tenant["msp-lab"], or move`},
		{"baseline/x.rego", "package ringfence.tenant.acme\nreject contains {\"msg\": \"x\"}\n", "use package ringfence.custom, or move"},
	} {
		list := CheckModules([]policy.Module{{Path: "baseline/b.rego", Text: baseline}, {Path: c.path, Text: c.text}})
		if len(list) != 1 || list[0].Range.String() != c.path+":1:1" || !strings.HasPrefix(list[0].Fix, c.fix) {
			t.Errorf("%s: %v", c.path, list)
		}
	}
	if list := CheckModules([]policy.Module{{Path: "baseline/b.rego", Text: baseline}, {Path: "tenants/acme/x.rego", Text: "package ringfence.tenant.acme\nreject contains {\"msg\": \"x\"}\n"}}); len(list) > 0 {
		t.Errorf("each in its own: %v", list)
	}
}

func TestAnErrorNamesItsPlace(t *testing.T) {
	v := evaluator(t, tenant(policy.Module{Path: "baseline/x.rego", Text: hostileModule}))
	answers, _ := v.Answers(t.Context(), []inventory.Update{update("c", inventory.ClassSecurity, false)})
	if got := answers[0].Blocks[0].Source; got != "baseline/x.rego:3:66" {
		t.Errorf("the error is at %s", got)
	}
}

func TestTheDeadlineDenies(t *testing.T) {
	v := evaluator(t, tenant(policy.Module{Path: "x.rego", Text: hostileModule}))
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	answers, digests := v.Answers(ctx, distinct(300))
	for i, a := range answers {
		if len(a.Grants) != 0 || a.Blocks[0].Kind != decision.Failed || digests[i] == "" {
			t.Fatalf("%+v", a)
		}
	}
}

func TestCheckModules(t *testing.T) {
	for name, c := range map[string]struct{ text, at, summary string }{
		"syntax":          {"package ringfence.custom\nreject contains {\n", "x.rego:", ""},
		"Rego v0":         {"package ringfence.custom\nreject[x] { x := 1 }", "x.rego:2:", ""},
		"empty":           {"", "x.rego:1:1", "empty module"},
		"only a comment":  {"# nothing\n", "x.rego:1:1", "empty module"},
		"no package":      {"reject contains {\"msg\": \"x\"}\n", "x.rego:1:1", "package expected"},
		"two types":       {"package ringfence.custom\nreject contains {\"msg\": \"x\"} if input.update.hasReleased == \"yes\"", "x.rego:2:33", "boolean and string are never equal"},
		"two kinds":       {"package ringfence.custom\nreject contains {\"msg\": \"x\"} if input.update.cves == \"CVE-1\"", "x.rego:2:33", "array and string are never equal"},
		"two arguments":   {"package ringfence.custom\nreject contains {\"msg\": 1 + \"a\"}", "x.rego:2:25", "plus: invalid argument(s)"},
		"by a name":       {"package ringfence.custom\nreject contains {\"msg\": \"x\"} if {\n\tu := input.update\n\tu.nam == \"vim\"\n}", "x.rego:4:2", `undefined ref: u.nam; did you mean "name"?`},
		"a circle":        {"package ringfence.custom\na if b\nb if a\nreject contains {\"msg\": \"x\"} if a", "x.rego:2:1", "is recursive"},
		"if twice":        {"package ringfence.custom\nreject contains {\"msg\": \"x\"} if if true", "x.rego:2:33", "unexpected if keyword"},
		"one quote":       {"package ringfence.custom\nreject contains {\"msg\": `x} if true", "x.rego:2:25", "non-terminated string"},
		"no bracket":      {"package ringfence.custom\nreject contains {\"msg\": \"x\" if true", "x.rego:2:29", "non-terminated object"},
		"other package":   {"package main\nreject contains {\"msg\": \"x\"}", "x.rego:1:1", "package main"},
		"our package":     {"package ringfence.decide\nanswers[0] := 1", "x.rego:1:1", "package ringfence.decide"},
		"sub package":     {"package ringfence.custom.lib\nx := 1", "x.rego:1:1", "package ringfence.custom.lib"},
		"no tenant":       {"package ringfence.tenant\nx := 1", "x.rego:1:1", "package ringfence.tenant"},
		"tests only":      {"package ringfence.custom_test\nx := 1", "x.rego:1:1", "custom_test"},
		"approve":         {"package ringfence.custom\napprove contains {\"msg\": \"x\"}", "x.rego:2:1", "only tighten"},
		"Grant":           {"package ringfence.custom\nGrant := true", "x.rego:2:1", "only tighten"},
		"grant of":        {"package ringfence.custom\ngrant.all := true", "x.rego:2:1", "only tighten"},
		"deny":            {"package ringfence.custom\ndeny contains {\"msg\": \"x\"}", "x.rego:2:1", `did you mean "reject"`},
		"not a set":       {"package ringfence.custom\nreject := {\"msg\": \"x\"}", "x.rego:2:1", "set of objects"},
		"map of sets":     {"package ringfence.custom\nreject.now contains {\"msg\": \"x\"}", "x.rego:2:1", "set of objects"},
		"set of texts":    {"package ringfence.custom\nreject contains \"x\"", "x.rego:2:1", "set of objects"},
		"a function":      {"package ringfence.custom\nreject(x) := x", "x.rego:2:1", "set of objects"},
		"default":         {"package ringfence.custom\ndefault hold := {1}", "x.rego:2:9", "set of objects"},
		"reserved":        {"package ringfence.custom\n__ringfence_0 contains 1", "x.rego:2:1", "reserved"},
		"a text":          {"package ringfence.custom\nreject contains msg if { msg := sprintf(\"%s\", [input.update.name]) }", "x.rego:2:1", `"reject" must be a set of objects`},
		"message":         {"package ringfence.custom\nreject contains {\"message\": \"x\"}", "x.rego:2:17", `an element of "reject" has no "msg", and nothing reads its "message"`},
		"misspelt later":  {"package ringfence.custom\nhold contains e if { e := {\"mgs\": input.update.name} }", "x.rego:2:1", `an element of "hold" has no "msg", and nothing reads its "mgs"`},
		"by a function":   {"package ringfence.custom\nreject contains f(input.update)\nf(u) := {\"msg\": u.name, \"owner\": \"x\"}", "x.rego:2:1", `has "owner", which nothing reads`},
		"an empty one":    {"package ringfence.custom\nreject contains {}", "x.rego:2:17", `has no "msg"`},
		"either way":      {"package ringfence.custom\nreject contains e if { some e in [{\"a\": 1}, {\"b\": 1}] }", "x.rego:2:1", `has no "msg"`},
		"a list as msg":   {"package ringfence.custom\nreject contains {\"msg\": input.update.cves}", "x.rego:2:17", "is wrong: msg must be"},
		"no text":         {"package ringfence.custom\nreject contains {\"msg\": \"\"}", "x.rego:2:17", "is wrong: msg must be"},
		"no role":         {"package ringfence.custom\nrequire contains {\"msg\": input.update.name, \"approvers\": 1}", "x.rego:2:18", `an element of "require" has no "role"`},
		"nobody":          {"package ringfence.custom\nrequire contains {\"msg\": \"x\", \"approvers\": 0, \"role\": \"ops\"}", "x.rego:2:18", "approvers must be a whole number"},
		"number in text":  {"package ringfence.custom\nrequire contains {\"msg\": \"x\", \"approvers\": \"2\", \"role\": \"ops\"}", "x.rego:2:18", "approvers must be a whole number"},
		"one of two":      {"package ringfence.custom\nreject contains {\"msg\": \"x\"} if input.update.name == \"a\"\nreject contains {\"mgs\": \"x\"} if input.update.name == \"b\"", "x.rego:3:17", `has no "msg"`},
		"misspelt field":  {"package ringfence.custom\nreject contains {\"msg\": \"x\"} if input.update.nmae == \"vim\"", "x.rego:2:33", "undefined ref"},
		"no such input":   {"package ringfence.custom\nreject contains {\"msg\": \"x\"} if input.host == \"web\"", "x.rego:2:33", "undefined ref"},
		"misspelt helper": {"package ringfence.custom\nreject contains {\"msg\": \"x\"} if data.ringfence.custom.kernl", "x.rego:2:33", "no module defines data.ringfence.custom.kernl"},
		"misspelt import": {"package ringfence.custom\nimport data.ringfence.custmo\nreject contains {\"msg\": \"x\"} if custmo.kernel", "x.rego:3:33", "no module defines data.ringfence.custmo.kernel"},
		"the engine":      {"package ringfence.custom\nreject contains {\"msg\": \"x\"} if count(data.ringfence.decide.answers) > 0", "x.rego:2:39", "no module defines data.ringfence.decide"},
		"unsafe":          {"package ringfence.custom\nreject contains {\"msg\": y} if input.update.name == \"vim\"", "x.rego:2:25", "unsafe"},
		"metadata":        {"package ringfence.custom\n# METADATA\n# schemas:\n# - input: {type: object}\nreject contains {\"msg\": \"x\"} if input.update.nmae == \"vim\"", "x.rego:5:33", "undefined ref"},
	} {
		t.Run(name, func(t *testing.T) {
			modules := []policy.Module{{Path: "x.rego", Text: c.text}}
			list := CheckModules(modules)
			if len(list) == 0 || len(list) > 1 && c.summary != "" {
				t.Fatalf("%d diagnostics: %+v", len(list), list)
			}
			d := list[0]
			if d.Fix == "" {
				t.Errorf("%v has no way out", d)
			}
			if d.Code != diag.BadRego || d.Severity != diag.Error || !strings.HasPrefix(d.Range.String(), c.at) || !strings.Contains(d.Summary, c.summary) {
				t.Errorf("%v", d)
			}
			var asList diag.List
			if _, err := New(t.Context(), tenant(modules...), policies.Decide); !errors.As(err, &asList) {
				t.Errorf("New took it: %v", err)
			}
		})
	}
}

// TestElementsThatMayBeRightPass: only what is wrong whatever the update is a finding; the rest shows in decisions.
func TestElementsThatMayBeRightPass(t *testing.T) {
	for _, rule := range []string{
		`reject contains {"msg": sprintf("%s", [input.update.name])}`,
		`reject contains e if { some m in input.update.cves; e := {"msg": m} }`,
		`reject contains e if some e in [{"msg": "x"}, {"mgs": "x"}]`,
		`reject contains json.unmarshal(input.update.name)`,
		`reject contains object.union({"msg": "x"}, {"y": 1})`,
		`reject contains {k: "x"} if some k in ["msg"]`,
		`reject contains {"msg": m} if { m := {"a": "b", "c": 3}[input.update.name] }`,
		`reject contains f(input.update)` + "\n" + `f(u) := {"msg": u.name}`,
		`require contains {"msg": "x", "approvers": count(input.update.cves), "role": input.update.origin}`,
		`require contains data.ringfence.custom.both` + "\n" + `both := {"msg": "x", "approvers": 2, "role": "ops"}`,
	} {
		if list := CheckModules([]policy.Module{{Path: "x.rego", Text: "package ringfence.custom\n" + rule}}); len(list) > 0 {
			t.Errorf("%s: %v", rule, list)
		}
	}
}

// TestAModuleStandsInItsTenantsFolder: check says so, not only the first plan.
func TestAModuleStandsInItsTenantsFolder(t *testing.T) {
	const acme, lab = "package ringfence.tenant.acme", "package ringfence.tenant[\"msp-lab\"]"
	for _, c := range []struct {
		path, text string
		ok         bool
	}{
		{"tenants/acme/x.rego", acme, true},
		{"tenants/msp-lab/x.rego", lab, true},
		{"tenants/acme/x.rego", lab, false},
		{"tenants/msp-lab/x.rego", acme, false},
	} {
		list := CheckModules([]policy.Module{{Path: c.path, Text: c.text + "\nhold contains {\"msg\": \"x\"} if input.update.name == \"vim\"\n"}})
		if (len(list) == 0) != c.ok || !c.ok && (list[0].Fix == "" || !strings.Contains(list[0].Summary, "does not belong")) {
			t.Errorf("%s in %s: %v", c.text, c.path, list)
		}
	}
}

func TestAllMistakesOfAllFilesAreReported(t *testing.T) {
	list := CheckModules([]policy.Module{
		{Path: "b.rego", Text: "package ringfence.custom\napprove := 1\nallow := 1"}, {Path: "a.rego", Text: "package x"}, {Path: "c.rego", Text: kernels},
	})
	var at []string
	for _, d := range list {
		at = append(at, d.Range.String())
	}
	if want := []string{"a.rego:1:1", "b.rego:2:1", "b.rego:3:1"}; !slices.Equal(at, want) {
		t.Errorf("got %v, want %v", at, want)
	}
}

func TestTwoModulesOfOnePathAreRefused(t *testing.T) {
	list := CheckModules([]policy.Module{{Path: "x.rego", Text: kernels}, {Path: "x.rego", Text: hostileModule}})
	if len(list) != 1 || !strings.Contains(list[0].Summary, "two modules") {
		t.Errorf("one of them would be dropped: %v", list)
	}
}

func TestWhatIsNotAllowedDoesNotCompile(t *testing.T) {
	for _, call := range []string{
		`http.send({"method": "get", "url": "http://x"})`, `net.lookup_ip_addr("x")`, `net.cidr_expand("10.0.0.0/8")`, `opa.runtime()`,
		`time.now_ns()`, `rand.intn("x", 5)`, `uuid.rfc4122("x")`, `io.jwt.decode("x")`, `crypto.x509.parse_certificates("x")`,
		`crypto.sha256("x")`, `json.match_schema("{}", "{}")`, `json.verify_schema("{}")`, `bits.lsh(1, 100000000000)`,
		`rego.parse_module("x", "package x")`, `rego.metadata.rule()`, `trace("x")`, `print("x")`, `providers.aws.sign_req({}, {}, 1)`,
		`graphql.is_valid("", "")`, `yaml.unmarshal("x")`, `internal.print([])`, `strings.render_template("x", {})`,
	} {
		list := CheckModules([]policy.Module{{Path: "x.rego", Text: "package ringfence.custom\nreject contains {\"msg\": \"x\"} if {\n\t" + call + "\n}"}})
		if len(list) != 1 || !strings.HasPrefix(list[0].Range.String(), "x.rego:3:2") || !strings.Contains(list[0].Summary, "not allowed") {
			t.Errorf("%s: %v", call, list)
		}
	}
}

func TestAnotherTenantsModuleIsRefused(t *testing.T) {
	text := "package ringfence.tenant[\"msp-lab\"]\nreject contains {\"msg\": \"x\"}"
	modules := []policy.Module{{Path: "tenants/msp-lab/x.rego", Text: text}}
	if list := CheckModules(modules); len(list) != 0 {
		t.Fatalf("a tenant's package is fine: %v", list)
	}
	lab := tenant(modules...)
	_, err := New(t.Context(), lab, policies.Decide)
	if err == nil || !strings.Contains(err.Error(), "does not belong to tenant acme") {
		t.Errorf("acme took it: %v", err)
	}
	lab.Name = "msp-lab"
	answers, _ := evaluator(t, lab).Answers(t.Context(), distinct(1))
	if len(answers[0].Blocks) != 1 || answers[0].Blocks[0].Rule != "ringfence.tenant.msp-lab" {
		t.Errorf("%+v", answers[0])
	}
}

func TestAnUnusedRuleIsAWarning(t *testing.T) {
	list := CheckModules([]policy.Module{{Path: "x.rego", Text: kernels + "\nreject_old contains {\"msg\": \"x\"}\n"}})
	if len(list) != 1 || list[0].Severity != diag.Warning || list[0].Range.String() != "x.rego:19:1" || list.Err() != nil {
		t.Errorf("%v", list)
	}
}

func TestModulesTestsRun(t *testing.T) {
	tests := `package ringfence.custom_test
import data.ringfence.custom
test_kernel if { some r in custom.require with input as {"update": {"name": "linux-image-1"}}; r.role == "ops" }
test_wrong if count(custom.reject) == 1 with input as {"update": {"name": "vim"}}
test_error if { print("seen"); to_number("x") == 1 }
todo_test_later if false
`
	modules := []policy.Module{{Path: "kernel.rego", Text: kernels}, {Path: "kernel_test.rego", Text: tests}}
	results, rules, err := Test(t.Context(), modules)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range results {
		got = append(got, fmt.Sprintf("%s %s pass=%v skip=%v error=%v", r.Name, r.Source, r.Pass, r.Skip, r.Error != ""))
	}
	want := []string{
		"ringfence.custom_test.test_kernel kernel_test.rego:3:1 pass=true skip=false error=false",
		"ringfence.custom_test.test_wrong kernel_test.rego:4:1 pass=false skip=false error=false",
		"ringfence.custom_test.test_error kernel_test.rego:5:1 pass=false skip=false error=true",
		"ringfence.custom_test.todo_test_later kernel_test.rego:6:1 pass=false skip=true error=false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// A rule that no test made true is named.
	touched := map[string]bool{}
	for _, r := range rules {
		touched[r.Name] = touched[r.Name] || r.Touched
	}
	if !touched["ringfence.custom.require"] || touched["ringfence.custom.reject"] {
		t.Errorf("touched: %v", rules)
	}
	// Tests take no part in decisions and may not bring what rules may not.
	if list := CheckModules(modules); len(list) != 0 {
		t.Errorf("%v", list)
	}
	bad := policy.Module{Path: "x_test.rego", Text: "package ringfence.custom_test\ntest_x if http.send({}).status == 200"}
	if _, _, err := Test(t.Context(), []policy.Module{bad}); err == nil {
		t.Error("a test reached the network")
	}
}

func TestTheAllowListNamesFunctionsThatExist(t *testing.T) {
	if got := len(forRules().Builtins); got != len(allowed) {
		t.Errorf("OPA has %d of the %d functions", got, len(allowed))
	}
}

func TestTenantsShareCompiledModules(t *testing.T) {
	engine, err := Load(t.Context(), policies.Decide)
	if err != nil {
		t.Fatal(err)
	}
	shared := policy.Module{Path: "baseline/kernel.rego", Text: kernels}
	acme, err := engine.Evaluator(t.Context(), tenant(shared))
	if err != nil {
		t.Fatal(err)
	}
	lab := tenant(shared)
	lab.Name, lab.Rules, lab.Otherwise = "lab", nil, nil
	other, err := engine.Evaluator(t.Context(), lab)
	if err != nil || other.custom != acme.custom {
		t.Errorf("compiled twice: %v", err)
	}
	kernel := []inventory.Update{update("linux-image-6.1", inventory.ClassSecurity, false)}
	got, _ := other.Answers(t.Context(), kernel)
	if brief(got[0]) != " | require baseline/kernel.rego:6:1 |  | " {
		t.Errorf("lab got %s", brief(got[0]))
	}
	_, err = engine.Evaluator(t.Context(), tenant(shared, policy.Module{Path: "x.rego", Text: "package x"}))
	if err == nil {
		t.Error("another set of modules was taken for the same")
	}
}
