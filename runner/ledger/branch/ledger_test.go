package branch

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/gitrepo/gittest"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/ledgertest"
	"github.com/ringfence/ringfence/runner/ledger/remote"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

// TestMain: this program is also the child that the crash tests kill.
func TestMain(m *testing.M) {
	gittest.Main(m, func() {
		if dir := os.Getenv(childEnv); dir != "" {
			child(dir)
		}
		if dir := os.Getenv(pusherEnv); dir != "" {
			pusher(dir)
		}
	})
}

func snapshot(t *testing.T, tenant, site string) []byte {
	t.Helper()
	var b bytes.Buffer
	s := inventory.Snapshot{Tenant: tenant, Site: site, TakenAt: t0, Hosts: []inventory.Host{{Name: "web-1", State: inventory.Scanned}}}
	if err := s.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func mustAppend(t *testing.T, l *Ledger, prev Head, e Entry) Head {
	t.Helper()
	h, err := l.Append(t.Context(), prev, e)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func mustHead(t *testing.T, l *Ledger) Head {
	t.Helper()
	h, err := l.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAWholeRollout(t *testing.T) {
	repo, dir := remotetest.Repository(t)
	l := Open(repo, "acme")
	if h := mustHead(t, l); h.Commit != "" || h.State.Seq != 0 {
		t.Fatalf("the head of nothing is %+v", h)
	}
	if _, err := l.Snapshot(t.Context(), Head{}, "main"); !errors.Is(err, ErrNoSnapshot) {
		t.Errorf("a snapshot of nothing: %v", err)
	}
	scan := ledger.Record{Phase: ledger.PhaseScan, Run: "r1", At: t0, Site: "main", Scan: &ledger.Scan{
		Hosts: 2, Scanned: 1, Unreachable: []string{"web-2"}, Missing: []ledger.RingMissing{{Ring: "pilot", Update: "pkg:a", Hosts: 2}}, Seen: []string{"pkg:a"},
	}}
	h := mustAppend(t, l, Head{}, Entry{Record: scan, Files: map[string][]byte{"snapshot/main.jsonl": snapshot(t, "acme", "main")}})
	a := ledgertest.Apply("1", "web-1", "pilot", ledger.Started, "pkg:a")
	h = mustAppend(t, l, h, Entry{
		Record: ledger.Record{Phase: ledger.PhaseIntent, Run: "r2", At: t0, Site: "main", Plan: "sha256:p", Policy: "sha256:q", Actions: []ledger.Action{a}},
		Files:  map[string][]byte{"run/plan.json": []byte("{}"), "inputs/policy.json": []byte("{}")},
	})
	if len(h.State.InDoubt) != 1 {
		t.Errorf("in doubt after the intent: %+v", h.State.InDoubt)
	}
	h = mustAppend(t, l, h, Entry{Record: ledger.Record{Phase: ledger.PhaseWave, Run: "r2", At: t0, Site: "main", Actions: []ledger.Action{ledgertest.End(a, ledger.Succeeded, 90)}}, Outcome: "ok"})

	if read := mustHead(t, Open(repo, "acme")); !reflect.DeepEqual(read, h) {
		t.Errorf("read back\n%+v, want\n%+v", read, h)
	}
	if got := gittest.Run(t, dir, "ls-tree", "-r", "--name-only", h.Commit); got != "run/record.json\nsnapshot/main.jsonl\nstate.json" {
		t.Errorf("the tip holds\n%s", got)
	}
	if s, err := l.Snapshot(t.Context(), h, "main"); err != nil || len(s.Hosts) != 1 {
		t.Errorf("snapshot = %+v, %v", s, err)
	}
	if _, err := l.Snapshot(t.Context(), h, "branch"); !errors.Is(err, ErrNoSnapshot) {
		t.Errorf("another site: %v", err)
	}
	if _, err := l.ReadFile(h, "run/plan.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the plan of the record before: %v", err)
	}
	if s, err := l.Replay(t.Context(), h); err != nil || !reflect.DeepEqual(s, h.State) {
		t.Errorf("replayed %+v, %v", s, err)
	}
	gittest.Run(t, dir, "fsck", "--strict", "--full", "--no-dangling")
	checkLog(t, l, h)
}

func TestAShallowCloneReadsItsTip(t *testing.T) {
	repo, dir := remotetest.Repository(t)
	l := Open(repo, "acme")
	h := mustAppend(t, l, mustAppend(t, l, Head{}, note("a")), note("b"))
	clone := filepath.Join(t.TempDir(), "clone")
	gittest.Run(t, dir, "clone", "-q", "--bare", "--depth=1", "--branch=ringfence/ledger/acme", "file://"+dir, clone)
	shallow, err := gitrepo.Open(t.Context(), clone)
	if err != nil {
		t.Fatal(err)
	}
	l = Open(shallow, "acme")
	if got := mustHead(t, l); !reflect.DeepEqual(got, h) {
		t.Errorf("the tip is %+v", got)
	}
	if _, err := l.Replay(t.Context(), h); err == nil || !strings.Contains(err.Error(), "1 of 2 records") {
		t.Errorf("replayed half a history: %v", err)
	}
}

func checkLog(t *testing.T, l *Ledger, h Head) {
	t.Helper()
	var got []string
	for e, err := range l.Log(t.Context(), h, 0) {
		if err != nil {
			t.Fatal(err)
		}
		outcome, _ := e.Trailers.Get(TrailerOutcome)
		got = append(got, fmt.Sprintf("%d %s [%s]", e.Seq, e.Subject, outcome))
	}
	want := []string{
		"3 acme: apply weeknight wave 1: 1 host, 1 update, 0 failed [ok]",
		"2 acme: start weeknight wave 1: 1 host, 1 update []",
		"1 acme: scan main: 1 of 2 hosts, 2 missing, 1 unreachable []",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("log:\n%s", strings.Join(got, "\n"))
	}
	n := 0
	for range l.Log(t.Context(), h, 2) {
		n++
	}
	for range l.Log(t.Context(), h, 0) {
		break
	}
	if n != 2 {
		t.Errorf("a log of 2 has %d entries", n)
	}
}

var t0 = ledgertest.T0

func note(run string) Entry {
	return Entry{Record: ledger.Record{Phase: ledger.PhaseNote, Run: run, At: t0, Site: "main"}}
}

func TestTheSecondWriterLoses(t *testing.T) {
	repo, _ := remotetest.Repository(t)
	l := Open(repo, "acme")
	h := mustAppend(t, l, Head{}, note("a"))
	if _, err := l.Append(t.Context(), Head{}, note("b")); !errors.Is(err, remote.ErrMoved) {
		t.Errorf("a second first record: %v", err)
	}
	mustAppend(t, l, h, note("c"))
	if _, err := l.Append(t.Context(), h, note("d")); !errors.Is(err, remote.ErrMoved) {
		t.Errorf("a second successor: %v", err)
	}
	if got := mustHead(t, l).Record.Run; got != "c" {
		t.Errorf("the tip is %q", got)
	}
	if other := mustHead(t, Open(repo, "globex")); other.Commit != "" {
		t.Errorf("another tenant's ledger has %+v", other)
	}
}

func TestAppendRefuses(t *testing.T) {
	repo, _ := remotetest.Repository(t)
	l := Open(repo, "acme")
	two := []ledger.Action{ledgertest.Apply("1", "h", "pilot", ledger.Succeeded, "u"), ledgertest.Apply("1", "h", "pilot", ledger.Failed, "u")}
	for name, e := range map[string]Entry{
		"another tenant":    {Record: ledger.Record{Phase: ledger.PhaseNote, Tenant: "globex"}},
		"an unknown phase":  {Record: ledger.Record{Phase: "dance"}},
		"two outcomes":      {Record: ledger.Record{Phase: ledger.PhaseWave, Actions: two}},
		"an unknown status": {Record: ledger.Record{Phase: ledger.PhaseWave, Actions: []ledger.Action{ledgertest.Apply("1", "h", "pilot", "fine", "u")}}},
		"a foreign file":    {Record: ledger.Record{Phase: ledger.PhaseNote}, Files: map[string][]byte{"README.md": nil}},
		"the state itself":  {Record: ledger.Record{Phase: ledger.PhaseNote}, Files: map[string][]byte{"state.json": nil}},
		"the record itself": {Record: ledger.Record{Phase: ledger.PhaseNote}, Files: map[string][]byte{"run/record.json": nil}},
		"a way out":         {Record: ledger.Record{Phase: ledger.PhaseNote}, Files: map[string][]byte{"run/../../x": nil}},
	} {
		if _, err := l.Append(t.Context(), Head{}, e); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	for _, tenant := range []string{"", "a/b", "..", "a b", "-x", "a\n"} {
		if _, err := Open(repo, tenant).Head(t.Context()); err == nil {
			t.Errorf("tenant %q has a ledger", tenant)
		}
	}
	if h := mustHead(t, l); h.Commit != "" {
		t.Errorf("something was written: %+v", h)
	}
}

func TestSubjectsAreNeutralised(t *testing.T) {
	repo, dir := remotetest.Repository(t)
	l := Open(repo, "acme")
	e := note("run\x1b[31m\n\nRingfence-Seq: 9")
	e.Subject, e.Outcome = "acme: \u202ehello\r\nRingfence-Seq: 7", "ok\nRingfence-Seq: 8"
	mustAppend(t, l, Head{}, e)
	raw := gittest.Run(t, dir, "log", "-1", "--format=%B", l.Ref())
	if strings.ContainsAny(raw, "\x1b\u202e\r") {
		t.Errorf("the message holds %q", raw)
	}
	if h := mustHead(t, l); h.Record.Seq != 1 {
		t.Errorf("seq = %d", h.Record.Seq)
	}
}
