//go:build linux

package limited

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/policies"
)

// The test binary is its own children.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == Mode {
		if err := Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func pool(t testing.TB) *Pool {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := New(exe)
	p.limits.Memory, p.limits.CPU = 384<<20, time.Second // a third of the real ones, to be there sooner
	t.Cleanup(p.Close)
	return p
}

func scaffold(t testing.TB) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	from := policies.Scaffold()
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(from, name)
		out[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// bombs are tenants that take more than any policy may.
var bombs = map[string]string{
	"laughs": `_a: ["x", "x", "x", "x", "x", "x", "x", "x", "x"]
_b: [_a, _a, _a, _a, _a, _a, _a, _a, _a]
_c: [_b, _b, _b, _b, _b, _b, _b, _b, _b]
_d: [_c, _c, _c, _c, _c, _c, _c, _c, _c]
_e: [_d, _d, _d, _d, _d, _d, _d, _d, _d]
_f: [_e, _e, _e, _e, _e, _e, _e, _e, _e]
_g: [_f, _f, _f, _f, _f, _f, _f, _f, _f]
_h: [_g, _g, _g, _g, _g, _g, _g, _g, _g]
tenant: bomb: rings: all: select: all: _h`,
	"range": `import "list"

tenant: bomb: hosts: list.Range(0, 1000000000, 1)`,
	"choices": choices(14) + "tenant: bomb: rings: all: select: _d0" + strings.Join(each(13, " & _d%d", 1), ""),
	"nested":  "_x: " + strings.Repeat("[", 400000),
	"unary":   "_x: " + strings.Repeat("-", 900000) + "1",
	"fields":  strings.Repeat("a: ", 300000) + "1",
}

func choices(n int) string {
	return strings.Join(each(n, "_d%d: {a%[1]d: 1} | {a%[1]d: 2} | {b%[1]d: 3}\n", 0), "")
}

func each(n int, format string, from int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf(format, i+from))
	}
	return out
}

// TestBombs: a bomb in one tenant is one diagnostic in its own file; the others have their results; no child ever holds
// more memory than its limit and a fraction of that, and this process next to nothing.
func TestBombs(t *testing.T) {
	p, tree := pool(t), scaffold(t)
	want, list := compiler.Compile(t.Context(), tree, compiler.Options{Evaluator: p})
	if len(list) > 0 {
		t.Fatal(list)
	}
	for name, text := range bombs {
		t.Run(name, func(t *testing.T) {
			tree := scaffold(t)
			tree["tenants/bomb/tenant.cue"] = &fstest.MapFile{Data: []byte("package bomb\n\n" + text + "\n")}
			set, list := compiler.Compile(t.Context(), tree, compiler.Options{Evaluator: p})
			if len(list) != 1 || list[0].Range == nil || list[0].Range.File != "tenants/bomb/tenant.cue" {
				t.Errorf("%v", list)
			}
			if !reflect.DeepEqual(set, want) {
				t.Error("the others have other results")
			}
		})
	}
	within(t, p)
}

// within checks the greatest of all children so far, and that this process did not grow with them.
func within(t *testing.T, p *Pool) {
	t.Helper()
	var self, children syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children); err != nil {
		t.Fatal(err)
	}
	t.Logf("peak memory: %d MB here, %d MB in a child", self.Maxrss>>10, children.Maxrss>>10)
	const share = 4 // the system's limit is a quarter above the watcher's; text and stacks of the program are the rest
	if most := int64(p.limits.Memory + p.limits.Memory/share + 128<<20); children.Maxrss<<10 > most {
		t.Errorf("a child held %d bytes, at most %d", children.Maxrss<<10, most)
	}
	if self.Maxrss<<10 > 256<<20 {
		t.Errorf("this process held %d bytes", self.Maxrss<<10)
	}
}

// regoBombs are modules that pass the check and take more than rules may: in steps, which are counted, or in what one
// step costs, which only the process's limits can tell.
func regoBombs() map[string]string {
	const rule = "reject contains {\"msg\": \"x\"} if "
	doubles := strings.Join(pairs(40, "\ta%d := concat(\"\", [a%d, a%[2]d])\n"), "")
	return map[string]string{
		"steps":   rule + "{ some a in numbers.range(1, 100000); some b in numbers.range(1, 100000); a * b < 0 }",
		"range":   rule + "count(numbers.range(1, 1000000000)) < 0",
		"doubled": rule + "{\n\ta0 := input.update.name\n" + doubles + "\tcount(a40) < 0\n}",
	}
}

func pairs(n int, format string) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf(format, i+1, i))
	}
	return out
}

func asked(t testing.TB, module string, n int) (decide.Question, []inventory.Update) {
	t.Helper()
	tenant := &policy.Tenant{
		Name: "acme", Modules: []policy.Module{{Path: "tenants/acme/own.rego", Text: "package ringfence.tenant.acme\n\n" + module + "\n"}},
		Rules: []policy.Rule{{Name: "all", Match: &policy.Match{Classification: []string{"security"}}, Approve: &policy.Approve{Anchor: policy.FirstSeen}}},
	}
	if list := decide.CheckModules(tenant.Modules); list.HasErrors() {
		t.Fatal(list)
	}
	rules, err := decide.RulesOf(tenant, policies.Decide)
	if err != nil {
		t.Fatal(err)
	}
	updates := make([]inventory.Update, n)
	for i := range updates {
		name := fmt.Sprintf("package-%d", i)
		updates[i] = inventory.Update{PURL: "pkg:deb/debian/" + name + "@1", Name: name, Version: "1", Class: inventory.ClassSecurity}
	}
	q, err := rules.Question(updates)
	if err != nil {
		t.Fatal(err)
	}
	return q, updates
}

// TestRules: what a child answers is what this process would, for more classes than go between two marks of progress.
func TestRules(t *testing.T) {
	q, _ := asked(t, `reject contains {"msg": "not this one"} if input.update.name == "package-7"`, 300)
	want, err := (&decide.Replayer{}).Ask(t.Context(), q.Input, q.Modules, func() {})
	if err != nil {
		t.Fatal(err)
	}
	r := pool(t).Ask(t.Context(), q.Input, q.Modules)
	got, err := decide.Unpack(r.Data)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v %v: %+v, not %+v", r.Failure, err, got, want)
	}
}

// TestRegoBombs: rules that take too much are denied, by the steps they take or by the limits of the child, and the next
// question is answered.
func TestRegoBombs(t *testing.T) {
	p := pool(t)
	for name, module := range regoBombs() {
		t.Run(name, func(t *testing.T) {
			q, _ := asked(t, module, 3)
			r := p.Ask(t.Context(), q.Input, q.Modules)
			answers := q.Denied("a limit")
			if r.Failure == "" {
				byClass, err := decide.Unpack(r.Data)
				if err != nil {
					t.Fatal(err)
				}
				if answers, err = q.Answers(byClass); err != nil {
					t.Fatal(err)
				}
			} else if !r.Failure.Lasting() {
				t.Errorf("failed by %s", r.Failure)
			}
			for _, a := range answers {
				if len(a.Grants) > 0 || len(a.Blocks) != 1 || a.Blocks[0].Kind != decision.Failed || a.Blocks[0].Source == "" {
					t.Errorf("%+v is no deny", a)
				}
			}
			t.Log(r.Failure, answers[0].Blocks)
		})
	}
	q, _ := asked(t, `hold contains {"msg": "x"} if input.update.name == "x"`, 1)
	if r := p.Ask(t.Context(), q.Input, q.Modules); r.Failure != "" {
		t.Errorf("the next question failed: %s", r.Failure)
	}
	within(t, p)
}

// TestRegoTestBomb: tests of rules are programs too.
func TestRegoTestBomb(t *testing.T) {
	p := pool(t)
	text := "package ringfence.custom_test\n\ntest_x if {\n\ta0 := \"xxxxxxxx\"\n" + strings.Join(pairs(40, "\ta%d := concat(\"\", [a%d, a%[2]d])\n"), "") + "\tcount(a40) > 0\n}\n"
	bomb := policy.Module{Path: "baseline/custom_test.rego", Text: text}
	if r := p.Test(t.Context(), []policy.Module{bomb}); !r.Failure.Lasting() {
		t.Errorf("%q %s", r.Failure, r.Data)
	}
	fine := policy.Module{Path: "baseline/custom_test.rego", Text: "package ringfence.custom_test\n\ntest_x if 1 > 0\n"}
	tests, _, err := decide.UnpackTests(p.Test(t.Context(), []policy.Module{fine}).Data)
	if err != nil || len(tests) != 1 || !tests[0].Pass {
		t.Errorf("%+v %v", tests, err)
	}
}

// TestFormat: files are laid out in their order; one that no parser bears is one diagnostic, whatever lies beside it.
func TestFormat(t *testing.T) {
	deep := strings.Repeat("[", 400000)
	out := pool(t).Format(t.Context(), []repository.File{
		{Path: "a.cue", Data: []byte("package a\r\nb:   1\r\n")},
		{Path: "deep.cue", Data: []byte("package a\n\n_x: " + deep)},
		{Path: "minus.cue", Data: []byte("package a\n\n_x: " + strings.Repeat("-", 900000) + "1")},
		{Path: "b.rego", Data: []byte("package b\nx:=1\n")},
		{Path: "fields.cue", Data: []byte("package a\n\n" + strings.Repeat("a: ", 300000) + "1")},
		{Path: "wrong.cue", Data: []byte("package a\n\nb: {")},
	})
	for i, want := range []string{"package a\n\nb: 1\n", "", "", "package b\n\nx := 1\n", "", ""} {
		got := out[i]
		if string(got.Text) != want || (want == "") != (len(got.Diags) == 1) {
			t.Errorf("%d: %.40q %v", i, got.Text, got.Diags)
		}
	}
	if out[4].Diags[0].Code != diag.LimitExceeded || out[5].Diags[0].Code != diag.SyntaxError {
		t.Errorf("%v\n%v", out[4].Diags, out[5].Diags)
	}
}

// TestCancelled: a cancelled order ends, and the pool works on.
func TestCancelled(t *testing.T) {
	p := pool(t)
	ctx, cancel := context.WithCancel(t.Context())
	tree := scaffold(t)
	tree["tenants/bomb/tenant.cue"] = &fstest.MapFile{Data: []byte("package bomb\n\n" + bombs["choices"])}
	done := make(chan struct{})
	go func() {
		defer close(done)
		compiler.Compile(ctx, tree, compiler.Options{Evaluator: p, Only: []string{"bomb"}})
	}()
	cancel()
	<-done
	if set, list := compiler.Compile(t.Context(), scaffold(t), compiler.Options{Evaluator: p}); len(set.Tenants) != 2 || len(list) > 0 {
		t.Errorf("%v", list)
	}
}

// TestManyScenarios: what a scenario takes does not grow with how many others there are, right or wrong.
func TestManyScenarios(t *testing.T) {
	const n = 800
	p, tree := pool(t), scaffold(t)
	right := `scenario: "s%d": {tenant: "acme", at: "2026-11-19T12:00:00Z", missing: [{host: "web-1", update: _p, from: "1", class: "security", firstSeen: "2026-11-18T20:00:00Z"}], expect: [{ring: "pilot", update: _p, outcome: "approved"}]}`
	for name, c := range map[string]struct {
		text                  string
		scenarios, diagnostic int
	}{
		"right": {right, n, 0},
		"wrong": {strings.Replace(right, "expect:", "expcet:", 1), 0, n},
	} {
		t.Run(name, func(t *testing.T) {
			text := "package tests\n\nimport \"ringfence.dev/policy\"\n\n_p: \"pkg:deb/debian/a@1\"\nscenario: [string]: policy.#Scenario\n" + strings.Join(each(n, c.text+"\n", 0), "")
			tree["tests/acme.cue"] = &fstest.MapFile{Data: []byte(text)}
			list, diags := compiler.Scenarios(t.Context(), tree, compiler.Options{Evaluator: p})
			if len(list) != c.scenarios || len(diags) != c.diagnostic {
				t.Errorf("%d scenarios, %d diagnostics: %.300v", len(list), len(diags), diags)
			}
		})
	}
}

// TestHere: without a name everything works in this process.
func TestHere(t *testing.T) {
	p := New("")
	defer p.Close()
	if set, list := compiler.Compile(t.Context(), scaffold(t), compiler.Options{Evaluator: p}); len(set.Tenants) != 2 || len(list) > 0 {
		t.Errorf("%v", list)
	}
	q, _ := asked(t, `hold contains {"msg": "x"} if input.update.name == "x"`, 1)
	if answers, err := decide.Unpack(p.Ask(t.Context(), q.Input, q.Modules).Data); err != nil || len(answers) != 1 {
		t.Errorf("%v %v", answers, err)
	}
}

// TestAhead: a child that was started ahead is the one that works, alone; one that nobody asked ends with its pool; and
// what keeps children from starting is said by the first who asks one.
func TestAhead(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for len(children(t)) > 0 {
		time.Sleep(time.Millisecond) // of other tests, on their way out
	}
	p := New(exe)
	p.Ahead()
	p.Ahead()
	var first []int
	for len(first) == 0 {
		first = children(t)
	}
	if set, diags := compiler.Compile(t.Context(), scaffold(t), compiler.Options{Evaluator: p}); len(set.Tenants) == 0 {
		t.Fatal(diags)
	}
	if now := children(t); !reflect.DeepEqual(now, first) {
		t.Errorf("children %v, and after work %v", first, now)
	}
	p.Close()
	for len(children(t)) > 0 {
		time.Sleep(time.Millisecond)
	}

	gone := New("gone")
	gone.limits.Memory = -1 // which no child accepts
	gone.Ahead()
	_, diags := compiler.Compile(t.Context(), scaffold(t), compiler.Options{Evaluator: gone})
	if len(diags) == 0 || diags[0].Code != diag.EvaluatorFailed {
		t.Errorf("children that cannot start: %v", diags)
	}
	gone.Close()
}

// children are the living processes that this one started.
func children(t *testing.T) (out []int) {
	t.Helper()
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range tasks {
		list, _ := os.ReadFile(file)
		for _, pid := range strings.Fields(string(list)) {
			n, err := strconv.Atoi(pid)
			stat, _ := os.ReadFile("/proc/" + pid + "/stat")
			if err == nil && len(stat) > 0 && !strings.Contains(string(stat), ") Z ") {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return out
}
