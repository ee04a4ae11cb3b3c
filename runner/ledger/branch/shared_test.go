package branch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/gitrepo/gittest"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/ledgertest"
	"github.com/ringfence/ringfence/runner/ledger/remote"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

func TestTwoRunnersShareALedger(t *testing.T) {
	a := newSite(t, remotetest.Bare(t))
	b := newSite(t, a.Bare)
	if h := a.mustSync(t); h.Commit != "" {
		t.Errorf("a remote without a ledger gives %+v", h)
	}
	ha := mustAppend(t, a.Ledger, Head{}, note("a1"))
	mustAppend(t, b.Ledger, Head{}, note("b1")) // it never heard of a1
	ha = mustAppend(t, a.Ledger, ha, note("a2"))
	mustAppend(t, a.Ledger, ha, note("a3"))
	hb := mustAppend(t, b.Ledger, b.mustSync(t), note("b2"))
	if got := a.runs(t); got != "a1 b1 a2 a3 b2" {
		t.Errorf("the remote has %q", got)
	}
	if h := a.mustSync(t); !reflect.DeepEqual(h, hb) || h.State.Seq != 5 || a.unpushed(t) != 0 {
		t.Errorf("after a sync the head is\n%+v, not\n%+v", h, hb)
	}
	fresh := newSite(t, a.Bare)
	if h := fresh.mustSync(t); !reflect.DeepEqual(h, hb) {
		t.Errorf("a new runner's head is %+v", h)
	}
}

// TestWhatMakesNoSenseAnyMore lets two runners start the same host: the second must be told before it starts.
func TestWhatMakesNoSenseAnyMore(t *testing.T) {
	a := newSite(t, remotetest.Bare(t))
	b := newSite(t, a.Bare)
	busy := errors.New("the host is in doubt")
	intent := func(id string) Entry {
		return Entry{
			Record: ledger.Record{Phase: ledger.PhaseIntent, Run: id, At: t0, Site: "main", Actions: []ledger.Action{ledgertest.Apply(id, "web-1", "pilot", ledger.Started, "u")}},
			Check: func(h Head) error {
				if len(h.State.InDoubt) > 0 {
					return busy
				}
				return nil
			},
			MustPush: true,
		}
	}
	mustAppend(t, a.Ledger, Head{}, intent("1"))
	if h, err := b.Append(t.Context(), Head{}, intent("2")); !errors.Is(err, busy) {
		t.Errorf("a second start: %+v, %v", h, err)
	}
	if got := a.runs(t); got != "1" || b.unpushed(t) != 0 || mustHead(t, b.Ledger).State.Seq != 1 {
		t.Errorf("the remote has %q, %d are unpushed", got, b.unpushed(t))
	}
	local := Open(b.Repo, "globex")
	e := intent("1")
	if _, err := local.Append(t.Context(), mustAppend(t, local, Head{}, e), e); !errors.Is(err, busy) {
		t.Errorf("without a remote: %v", err)
	}
}

// TestRecordsOutlastTheRemote writes while the remote is down and others wrote before: nothing of a record may change
// but its number.
func TestRecordsOutlastTheRemote(t *testing.T) {
	a := newSite(t, remotetest.Bare(t))
	b := newSite(t, a.Bare)
	h := mustAppend(t, a.Ledger, Head{}, scanNote(t, "a1", "main"))
	b.mustSync(t)
	theirs := scanNote(t, "b1", "branch")
	theirs.Files[SnapshotPath("main")] = []byte("another runner's view of this site")
	mustAppend(t, b.Ledger, mustHead(t, b.Ledger), theirs)
	up := a.Down(t)
	must := note("a-must")
	must.MustPush = true
	if _, err := a.Append(t.Context(), h, must); !errors.Is(err, gitrepo.ErrRemoteDown) || errors.Is(err, ErrUnpushed) {
		t.Errorf("what must be pushed: %v", err)
	}
	if got := mustHead(t, a.Ledger); got.Commit != h.Commit || a.unpushed(t) != 0 {
		t.Errorf("it was kept: %+v", got)
	}
	wave := Entry{Record: ledger.Record{Phase: ledger.PhaseWave, Run: "a2", At: t0, Site: "main", Actions: []ledger.Action{ledgertest.Apply("1", "web-1", "pilot", ledger.Started, "u")}}, Outcome: "ok", Subject: "words of its own"}
	wave.Files = map[string][]byte{"run/plan.json": []byte("{}"), "inputs/deep/er/policy.json": []byte("[]"), "snapshot/other.jsonl": snapshot(t, "acme", "other")}
	for i, e := range []Entry{wave, scanNote(t, "a3", "main"), note("a4")} {
		next, err := a.Append(t.Context(), h, e)
		if !errors.Is(err, ErrUnpushed) || !errors.Is(err, gitrepo.ErrRemoteDown) || next.State.Seq != i+2 || a.unpushed(t) != i+1 {
			t.Fatalf("record %d: %+v, %v", i, next, err)
		}
		h = next
	}
	if err := a.Push(t.Context()); !errors.Is(err, gitrepo.ErrRemoteDown) {
		t.Errorf("pushed to nowhere: %v", err)
	}
	up()
	if err := a.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := a.runs(t); got != "a1 b1 a2 a3 a4" || a.unpushed(t) != 0 {
		t.Errorf("the remote has %q, %d are unpushed", got, a.unpushed(t))
	}
	checkReparented(t, a)
}

func scanNote(t *testing.T, run, site string) Entry {
	t.Helper()
	return Entry{
		Record: ledger.Record{Phase: ledger.PhaseScan, Run: run, At: t0, Site: site, Scan: &ledger.Scan{Hosts: 1, Scanned: 1}},
		Files:  map[string][]byte{SnapshotPath(site): snapshot(t, "acme", site)},
	}
}

func checkReparented(t *testing.T, s site) {
	t.Helper()
	h := s.mustSync(t)
	hashes, err := s.since(t.Context(), h, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := gittest.Run(t, s.Dir, "ls-tree", "-r", "--name-only", hashes[0]); got !=
		"inputs/deep/er/policy.json\nrun/plan.json\nrun/record.json\nsnapshot/branch.jsonl\nsnapshot/main.jsonl\nsnapshot/other.jsonl\nstate.json" {
		t.Errorf("the re-parented record holds\n%s", got)
	}
	if got := gittest.Run(t, s.Dir, "log", "-1", "--format=%s %(trailers:key=Ringfence-Outcome,key=Ringfence-Seq,separator=%x20)", hashes[0]); got !=
		"words of its own Ringfence-Outcome: ok Ringfence-Seq: 3" {
		t.Errorf("its message is %q", got)
	}
	if got := gittest.Run(t, s.Dir, "ls-tree", "-r", "--name-only", h.Commit); got !=
		"run/record.json\nsnapshot/branch.jsonl\nsnapshot/main.jsonl\nsnapshot/other.jsonl\nstate.json" {
		t.Errorf("the tip holds\n%s", got)
	}
	if got, err := s.ReadFile(h, SnapshotPath("main")); err != nil || !bytes.Equal(got, snapshot(t, "acme", "main")) {
		t.Errorf("the last scan's snapshot is %q, %v", got, err)
	}
	if len(h.State.InDoubt) != 1 || h.State.Seq != 5 {
		t.Errorf("the state is %+v", h.State)
	}
}

func TestARemoteThatRefuses(t *testing.T) {
	a := newSite(t, remotetest.Bare(t))
	remove := a.Hook(t, "pre-receive", "echo 'the quota is used up' >&2; exit 1")
	h, err := a.Append(t.Context(), Head{}, note("a1"))
	if !errors.Is(err, ErrUnpushed) || !errors.Is(err, gitrepo.ErrRemoteRefused) || !strings.Contains(err.Error(), "quota is used up") || h.State.Seq != 1 {
		t.Errorf("append: %+v, %v", h, err)
	}
	remove()
	mustAppend(t, a.Ledger, h, note("a2")) // takes the first along
	if got := a.runs(t); got != "a1 a2" {
		t.Errorf("the remote has %q", got)
	}
}

// TestALostAnswer cuts the connection after the remote took the record and before it said so.
func TestALostAnswer(t *testing.T) {
	for _, must := range []bool{false, true} {
		a := newSite(t, remotetest.Bare(t))
		a.o.Sign = func([]byte) ([]byte, error) { return fmt.Appendln(nil, rand.Int64()), nil } // no two commits are the same
		h := mustAppend(t, a.Ledger, Head{}, note("a1"))
		remove := a.Hook(t, "reference-transaction", `if [ "$1" = committed ]; then kill -9 $PPID; fi`)
		e := note("a2")
		e.MustPush = must
		_, err := a.Append(t.Context(), h, e)
		if !errors.Is(err, gitrepo.ErrRemoteDown) || errors.Is(err, ErrUnpushed) == must {
			t.Errorf("append: %v", err)
		}
		remove()
		if got := a.runs(t); got != "a1 a2" {
			t.Fatalf("the test does not do what it says: the remote has %q", got)
		}
		mustAppend(t, a.Ledger, h, note("a3"))
		if got := a.runs(t); got != "a1 a2 a3" || a.unpushed(t) != 0 {
			t.Errorf("the remote has %q", got)
		}
	}
}

// TestRefusedAndYetTaken has a server that says another one moved the ref, when it was this very push.
func TestRefusedAndYetTaken(t *testing.T) {
	a := newSite(t, remotetest.Bare(t))
	h := mustAppend(t, a.Ledger, Head{}, note("a1"))
	a.Hook(t, "update", `rm "$0"; git update-ref "$1" "$3"`)
	mustAppend(t, a.Ledger, mustAppend(t, a.Ledger, h, note("a2")), note("a3"))
	if got := a.runs(t); got != "a1 a2 a3" {
		t.Errorf("the remote has %q", got)
	}
}

func TestOthersAreAlwaysFaster(t *testing.T) {
	a := newSite(t, remotetest.Bare(t))
	b := newSite(t, a.Bare)
	b.o.Tries = 2
	b.o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	faster := note("b")
	faster.MustPush = true
	faster.Check = func(Head) error {
		a.mustSync(t)
		mustAppend(t, a.Ledger, mustHead(t, a.Ledger), note("a"))
		return nil
	}
	if _, err := b.Append(t.Context(), Head{}, faster); !errors.Is(err, remote.ErrMoved) || errors.Is(err, ErrUnpushed) || b.unpushed(t) != 0 {
		t.Errorf("append: %v", err)
	}
	faster.MustPush = false
	if h, err := b.Append(t.Context(), mustHead(t, b.Ledger), faster); !errors.Is(err, ErrUnpushed) || errors.Is(err, remote.ErrMoved) || h.Record.Run != "b" || b.unpushed(t) != 1 {
		t.Errorf("append: %+v, %v", h, err)
	}
	if err := b.Push(t.Context()); err != nil || a.runs(t) != "a a a a b" {
		t.Errorf("%q, %v", a.runs(t), err)
	}
}
