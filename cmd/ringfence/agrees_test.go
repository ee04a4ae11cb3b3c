package main_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/effect"
	"github.com/ringfence/ringfence/compiler/plan"
)

// agrees BASE [HEAD] wants diff to say of every tenant what its plans say: plan makes them with each commit's policy, and
// whatever stands elsewhere in the second must be told, nothing else, whether the edit touched the tenant or not. It
// asks for one tenant alone, too.
func agrees(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: agrees base [head]")
	}
	base, head := args[0], append(args, "HEAD")[1]
	doc := comparison(ts, base, head)
	for _, name := range tenantsOf(ts, base, head) {
		was, is := planOf(ts, base, name), planOf(ts, head, name)
		told := of(doc, name)
		if wrong := against(told, was, is); wrong != "" {
			ts.Fatalf("%s: %s\nbase: %v\nhead: %v\ntold: %+v", name, wrong, was, is, told)
		}
		if alone := of(comparison(ts, base, head, "--tenant", name), name); fmt.Sprintf("%+v", alone) != fmt.Sprintf("%+v", told) {
			ts.Fatalf("%s alone: %+v\namong all: %+v", name, alone, told)
		}
	}
}

func comparison(ts *testscript.TestScript, args ...string) (doc effect.DiffDocument) {
	_ = exitCode(ts, ts.Exec("ringfence", append([]string{"diff", "--format", "json"}, args...)...)) // 1 is a tenant in error
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &doc))
	return doc
}

// of is what is told of a tenant; nil for one that is said to be untouched.
func of(doc effect.DiffDocument, name string) *effect.TenantDiff {
	if i := slices.IndexFunc(doc.Tenants, func(t effect.TenantDiff) bool { return t.Tenant == name }); i >= 0 {
		return &doc.Tenants[i]
	}
	return nil
}

func tenantsOf(ts *testscript.TestScript, revs ...string) []string {
	names := map[string]bool{}
	for _, rev := range revs {
		for _, path := range strings.Fields(git(ts, "ls-tree", "--name-only", rev, "tenants/")) {
			names[filepath.Base(path)] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// planned is where a plan puts every missing update of every host, or why there is none: gone, never, error.
type planned struct {
	rows map[[2]string]string
	none string
}

func planOf(ts *testscript.TestScript, rev, tenant string) planned {
	file := filepath.Join(ts.Getenv("WORK"), "agrees.json")
	_ = os.Remove(file)
	if code := exitCode(ts, ts.Exec("ringfence", "plan", "--rev", rev, "--tenant", tenant, "-out", file)); code != 0 {
		said := ts.ReadFile("stderr")
		for code, none := range map[diag.Code]string{diag.TenantDisabled: "gone", diag.UnknownTenant: "gone", diag.NoSnapshot: "never"} {
			if strings.Contains(said, "error["+string(code)+"]: ") && !strings.Contains(said, ": tenants/") {
				return planned{none: none}
			}
		}
		return planned{none: "error"}
	}
	f, err := os.Open(file)
	ts.Check(err)
	defer f.Close()
	p, _, err := plan.Load(f)
	ts.Check(err)
	return planned{rows: rowsOf(p)}
}

func rowsOf(p *plan.Plan) map[[2]string]string {
	out := map[[2]string]string{}
	put := func(hosts []string, update, where string) {
		for _, h := range hosts {
			out[[2]string{h, update}] = where
		}
	}
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			for _, u := range p.Changes[w.Change].Updates {
				put(w.Hosts, u.Update, stands("planned", r.Ring, r.Lane, w.Window, &w.Opens, w.Closes))
			}
		}
		for _, w := range r.Waiting {
			put(w.Hosts, w.Update, stands("waiting", r.Ring, r.Lane, string(w.For), w.Until, nil))
		}
		for _, x := range r.Rejected {
			put(x.Hosts, x.Update, stands("rejected", r.Ring, r.Lane, "", nil, nil))
		}
	}
	return out
}

func stands(state, ring, lane, by string, times ...*time.Time) string {
	out := state + " " + ring + " " + lane + " " + by
	for _, t := range times {
		if t == nil {
			out += " -"
			continue
		}
		out += " " + t.UTC().Format(time.RFC3339)
	}
	return out
}

// against says what is wrong with what is told of two plans, "" for nothing.
func against(told *effect.TenantDiff, was, is planned) string {
	state, side := "untouched", ""
	if told != nil {
		state, side = told.State, told.Side
	}
	is1 := func(none string) bool { return (was.none == none) != (is.none == none) }
	switch {
	case is1("error"):
		return unless(state == "error", "it compiles on one side only")
	case was.none == "error":
		return unless(state == "error" || told == nil, "it compiles on no side")
	case is1("gone"):
		return unless(side != "", "it is there on one side only")
	case was.none == "gone":
		return unless(told == nil || state == "same", "it is not there")
	case was.none == "never":
		return unless(told == nil || state == "same" || state == effect.NeverScanned, "it was never scanned")
	}
	return unless(maps.Equal(moves(told), differences(was.rows, is.rows)), "other updates move")
}

func unless(ok bool, wrong string) string {
	if ok {
		return ""
	}
	return wrong
}

// differences counts the rows that stand elsewhere in the second plan, by where they stand.
func differences(was, is map[[2]string]string) map[string]int {
	out := map[string]int{}
	for key, from := range was {
		if to := is[key]; to != from {
			out[from+" → "+to]++
		}
	}
	for key, to := range is {
		if was[key] == "" {
			out[" → "+to]++
		}
	}
	return out
}

// moves counts them as they are told. What has another standing at the same place is no move.
func moves(told *effect.TenantDiff) map[string]int {
	out := map[string]int{}
	if told == nil {
		return out
	}
	for _, g := range told.Groups {
		if from, to := toldAs(g.From), toldAs(g.To); g.Of == effect.OfUpdate && from != to {
			out[from+" → "+to] += g.Count
		}
	}
	return out
}

func toldAs(s effect.DiffState) string {
	switch s.State {
	case "planned":
		return stands(s.State, s.Ring, s.Lane, s.Window, s.Opens, s.Closes)
	case "waiting":
		return stands(s.State, s.Ring, s.Lane, string(s.For), s.Until, nil)
	case "rejected":
		return stands(s.State, s.Ring, s.Lane, "", nil, nil)
	}
	return ""
}
