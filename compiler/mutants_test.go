package compiler_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/limited"
)

var (
	mutants = flag.Int("mutants", 150, "how many mutants to compile")
	from    = flag.Uint64("from", 1, "the first mutant's seed")
)

// The test binary is the children that compile mutants.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == limited.Mode {
		if err := limited.Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func archives(t testing.TB) []string {
	t.Helper()
	list, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(list) < 150 {
		t.Fatalf("only %d archives: %v", len(list), err)
	}
	return list
}

// TestMutants: whatever is done to a policy, compiling it ends within its limits and without a panic, in a policy or in
// diagnostics that read well and stand in the user's files; and the tenant beside it stays as it was.
func TestMutants(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := limited.New(exe)
	defer p.Close()
	m := newMutator(t)
	lab := digests(t, scaffold(t))["msp-lab"]
	var seen tally
	began := time.Now()
	for i := range *mutants {
		seed := *from + uint64(i)
		one := m.make(seed)
		wrong := seen.judge(t, p, one, lab)
		if len(wrong) > 0 {
			t.Errorf("go test ./compiler -run TestMutants -mutants 1 -from %d\n%s\n%s", seed, strings.Join(wrong, "\n"), one.dump())
		}
		if seen.all%1000 == 0 {
			t.Logf("%d in %s: %+v", seen.all, time.Since(began).Round(time.Second), seen)
		}
	}
	t.Logf("%s: %+v", runtime.GOOS, seen)
	if *mutants >= 100 && (seen.fine < *mutants/20 || seen.wrong < *mutants/4 || seen.unparsed > *mutants/2) {
		t.Errorf("the mutants are too much alike to find anything: %+v", seen)
	}
}

// tally counts what mutants came to.
type tally struct {
	all, fine, wrong, unparsed, limits, noLine int
}

// judge compiles a mutant and says what must not be.
func (s *tally) judge(t *testing.T, p *limited.Pool, m mutant, lab string) (wrong []string) {
	set, list := compiler.Compile(t.Context(), m.tree, compiler.Options{Evaluator: p})
	s.all++
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	switch {
	case set.Tenant("acme") != nil:
		s.fine++
	case !list.HasErrors():
		complain("acme is gone without a word")
	default:
		s.wrong++
	}
	for _, d := range list {
		s.count(d)
		if why := m.fault(d); why != "" {
			complain("%s: %s", why, d.Error())
		}
	}
	own := !strings.Contains(strings.Join(m.changed, " "), "baseline/") && !strings.Contains(strings.Join(m.changed, " "), "ringfence.cue")
	if l := set.Tenant("msp-lab"); own && l != nil && len(set.Tenants) > 0 {
		if got, err := l.Digest(); err != nil || got != lab && sameAsScaffold(t, m) {
			complain("msp-lab changed: %v", err)
		}
	}
	return wrong
}

// sameAsScaffold: the mutant's base left alone what the other tenant reads.
func sameAsScaffold(t *testing.T, m mutant) bool {
	base := scaffold(t)
	for name := range m.tree {
		if strings.HasPrefix(name, "tenants/acme/") {
			continue
		}
		if f := base[name]; f == nil || string(f.Data) != string(m.tree[name].Data) {
			return false
		}
	}
	return true
}

func (s *tally) count(d diag.Diagnostic) {
	switch {
	case d.Code == diag.LimitExceeded:
		s.limits++
	case d.Code == diag.SyntaxError:
		s.unparsed++
	case d.Range != nil && d.Range.Start.Line == 0:
		s.noLine++
	}
}

// fault says what a reader would mind about a diagnostic.
func (m mutant) fault(d diag.Diagnostic) string {
	text := d.Summary + d.Fix
	switch {
	case d.Code == diag.EvaluatorFailed:
		return "somebody panicked"
	case d.Range == nil:
		return "it has no place"
	case d.Summary == "" || len(d.Summary) > 400 || strings.ContainsAny(d.Summary, "\n\r\x00"), d.Summary != strings.TrimSpace(d.Summary):
		return "its summary is no line to read"
	case strings.Contains(text, ".ringfence-schema") || strings.Contains(text, "guard.ringfence"):
		return "it speaks of files that nobody has"
	case strings.Contains(text, "%!"):
		return "its text was put together wrongly"
	}
	return m.place(*d.Range)
}

// place says whether a place is in the user's files.
func (m mutant) place(r diag.Range) string {
	f, ok := m.tree[r.File]
	if !ok {
		if r.File == "tenants" {
			return "" // the folder that there ought to be
		}
		for name := range m.tree {
			if strings.HasPrefix(name, r.File+"/") && r.Start.Line == 0 {
				return "" // a folder
			}
		}
		return "there is no such file"
	}
	if r.Start.Line == 0 {
		return ""
	}
	lines := strings.Split(string(f.Data), "\n")
	if l := r.Start.Line; l > len(lines) || r.Start.Column > len(lines[l-1])+1 || r.Start.Column < 1 {
		return "there is no such place"
	}
	if l := r.End.Line; l > len(lines) || l > 0 && r.End.Column > len(lines[l-1])+1 || l < r.Start.Line && l > 0 {
		return "it ends at no such place"
	}
	return ""
}
