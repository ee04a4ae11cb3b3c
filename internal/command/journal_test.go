package command

import (
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/journal"
	"github.com/ringfence/ringfence/runner/ledger"
)

// TestTheJournalFollowsTheLedger: once a wave's outcome is on record, and on the remote, the journal keeps only what
// is in doubt still, other waves among it.
func TestTheJournalFollowsTheLedger(t *testing.T) {
	dir := t.TempDir()
	repo, err := gitrepo.InitRepo(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	p := &pipeline{app: &app{}, ws: &workspace{repo: repo}, tenant: &policy.Tenant{Name: "acme"}, site: "main"}
	if err := p.openJournal(); err != nil {
		t.Fatal(err)
	}
	book := journal.Book{Journal: p.journal.Journal, Run: "acme-1"}
	for _, id := range []string{"a", "b"} {
		act := ledger.Action{ID: id, Host: "web-1", StartedAt: time.Unix(0, 0), Status: ledger.Failed, HostState: "partial"}
		if err := book.Start(act); err != nil {
			t.Fatal(err)
		}
		if err := book.End(act); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		what     string
		unpushed bool
		doubt    []string
		want     int
	}{
		{"both waves in flight", false, []string{"a", "b"}, 2},
		{"one recorded here alone", true, []string{"b"}, 2},
		{"it was pushed", false, []string{"b"}, 1},
		{"the other one too", false, nil, 0},
	} {
		p.unpushed, p.head.State.InDoubt = step.unpushed, nil
		for _, id := range step.doubt {
			p.head.State.InDoubt = append(p.head.State.InDoubt, plan.InDoubt{ID: id, Host: "web-1"})
		}
		p.outcomeRecorded()
		if got := p.journal.Pending(); len(got) != step.want {
			t.Errorf("%s: the journal has %v, want %d", step.what, got, step.want)
		}
	}
	p.closeJournal()
}
