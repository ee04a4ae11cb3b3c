// Package arch holds the architecture as a test: who may import whom, and why.
package arch

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/ringfence/ringfence/"

// rule forbids packages below From to reach, directly or not, any package below one of Never. One that begins with "="
// is meant itself, without those below it.
type rule struct {
	from  string
	never []string
	why   string
}

const (
	cue  = "cuelang.org/go"
	opa  = "github.com/open-policy-agent/opa"
	grpc = "google.golang.org/grpc"
	git  = "github.com/go-git/go-git"

	gitrepo = module + "internal/gitrepo"
)

var rules = []rule{
	{"providers", []string{module + "compiler", module + "runner", cue, opa}, "a provider is a third party's process: it must build from the contract alone"},
	{"runner", []string{cue, opa}, "the runner carries out plans; what they say was decided before, and commands inject it"},
	{"=runner", []string{gitrepo}, "the steps of a run are tested without Git; commands inject what records them"},
	{"=runner/ledger", []string{gitrepo}, "records and states are plain data: what they mean must be testable without Git"},
	{"runner/ledger/evidence", []string{gitrepo}, "what a gate goes by is a pure function of states"},
	{"runner/ledger/lease", []string{module + "runner/ledger/branch"}, "who may start hangs on no tenant's history"},
	{"runner/ledger/control", []string{module + "runner/ledger/branch"}, "what stops everyone hangs on no tenant's history"},
	{"compiler/policy", []string{cue, opa, grpc}, "the model is plain data"},
	{"compiler/diag", []string{cue, opa, grpc}, "diagnostics are plain data"},
	{"compiler/decision", []string{cue, opa, grpc}, "precedence and instants must be testable without an evaluator"},
	{"compiler/plan", []string{cue, opa, grpc}, "plan is a pure function of values"},
	{"compiler/effect", []string{cue, opa, grpc}, "what an edit does is a pure function of two plans' inputs"},
	{"compiler/window", []string{cue, opa, grpc}, "time arithmetic depends on nothing"},
	{"compiler/syntax", []string{module + "compiler/repository", module + "compiler/policy"}, "what a text says hangs neither on where it lies nor on what it means"},
	{"compiler/load", []string{module + "compiler/policy", module + "compiler/check"}, "a package is loaded the same, whatever its values mean"},
	{"compiler/repository", []string{cue, opa, grpc}, "which files there are hangs on no evaluator; they are sent to it"},
	{"compiler/inventory", []string{cue, opa, grpc}, "hosts and snapshots never go through an evaluator"},
	{"internal/view", []string{cue, opa, grpc, gitrepo, module + "runner"}, "a view writes down a value: where that comes from, and what follows from it, is for verbs"},
	{"internal/phrase", []string{cue, opa, grpc, gitrepo, module + "runner"}, "what things are called hangs on nothing that is done"},
}

// direct forbids imports written in a package itself; except names those that may.
type direct struct {
	below  string
	never  []string
	except []string
	why    string
}

var directs = []direct{
	{"", []string{"github.com/spf13/cobra"}, []string{"internal/command"}, "only the command line knows cobra"},
	{"", []string{git}, []string{"internal/gitrepo"}, "Git has one door, because go-git's ref writes corrupt"},
	{"", []string{opa}, []string{"compiler/decide"}, "OPA has one door, because its defaults fail open"},
	{"", []string{cue}, []string{"compiler/syntax", "compiler/load", "compiler/read", "policies"}, "CUE begins and ends in the three rooms that write, load and understand it"},
	{"compiler", []string{"os", "os/exec", "net", "net/http"}, nil, "the compiler reads an fs.FS: it opens no file, socket or process itself"},
	{"internal/view", []string{"os", "os/exec", "net", "net/http"}, nil, "a view writes to the writer that it is given"},
	{"", []string{"golang.org/x/crypto/ssh"}, []string{"internal/transport", "internal/lab", "internal/signing"}, "keys stay with the transport and the one package that signs"},
}

type pkg struct{ path, imports, deps, tests string }

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}}|{{join .Imports \" \"}}|{{join .Deps \" \"}}|{{join .TestImports \" \"}} {{join .XTestImports \" \"}}", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), "|")
		list = append(list, pkg{f[0], f[1], f[2], f[3]})
	}
	if len(list) < 10 {
		t.Fatalf("go list names only %d packages: the test looks at nothing", len(list))
	}
	return list
}

func TestReach(t *testing.T) {
	for _, p := range packages(t) {
		for _, r := range rules {
			if !r.covers(p.path) {
				continue
			}
			for _, d := range strings.Fields(p.deps) {
				if bad := match(d, r.never); bad != "" {
					t.Errorf("%s reaches %s: %s", p.path, d, r.why)
				}
			}
		}
	}
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		for _, r := range directs {
			if r.below != "" && !below(p.path, module+r.below) || excepted(p.path, r.except) {
				continue
			}
			for _, d := range strings.Fields(p.imports) {
				if bad := matchDirect(d, r.never); bad != "" {
					t.Errorf("%s imports %s: %s", p.path, d, r.why)
				}
			}
		}
	}
}

// TestDrawsAreRepeated: a property test that draws other values each time fails where nobody changed anything.
func TestDrawsAreRepeated(t *testing.T) {
	const same, rapid = module + "internal/sameseed", "pgregory.net/rapid"
	drawing := 0
	for _, p := range packages(t) {
		imports := strings.Fields(p.imports)
		if slices.Contains(imports, same) {
			t.Errorf("%s imports %s, which is for tests alone", p.path, same)
		}
		if tests := strings.Fields(p.tests); p.path != same && slices.Contains(append(tests, imports...), rapid) {
			drawing++
			if !slices.Contains(tests, same) {
				t.Errorf("the tests of %s draw other values each time: import _ %q", p.path, same)
			}
		}
	}
	if drawing < 10 {
		t.Errorf("only %d packages draw values: the test looks at nothing", drawing)
	}
}

func (r rule) covers(path string) bool {
	if alone, ok := strings.CutPrefix(r.from, "="); ok {
		return path == module+alone
	}
	return below(path, module+r.from)
}

func excepted(path string, list []string) bool {
	for _, e := range list {
		if below(path, module+e) {
			return true
		}
	}
	return false
}

func below(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }

func match(dep string, never []string) string {
	for _, n := range never {
		if below(dep, n) {
			return n
		}
	}
	return ""
}

// matchDirect takes standard packages literally: "net" is not "net/netip".
func matchDirect(dep string, never []string) string {
	for _, n := range never {
		if dep == n || strings.Contains(n, ".") && below(dep, n) {
			return n
		}
	}
	return ""
}
