package runner

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner/journal"
	"github.com/ringfence/ringfence/runner/ledger"
)

// paper is a journal that remembers the order of things, and may be full after a number of starts.
type paper struct {
	mu     sync.Mutex
	starts int
	room   int
	lines  []string
	ends   []ledger.Action
}

func (p *paper) Start(a ledger.Action) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.starts++; p.starts > p.room {
		return syscall.ENOSPC
	}
	p.lines = append(p.lines, "start "+a.Host)
	return nil
}

func (p *paper) End(a ledger.Action) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines, p.ends = append(p.lines, "end "+a.Host), append(p.ends, a)
	return errors.New("the disk is full now") // nobody needs this entry for the ledger to be right
}

// TestTheJournalSurroundsTheChange: its start is written before the change, its end once the change is judged.
func TestTheJournalSurroundsTheChange(t *testing.T) {
	p := &paper{room: 9}
	h := &fakeHost{version: "1", apply: func(h *fakeHost) (providers.Result, error) {
		p.lines = append(p.lines, "apply")
		return providers.Result{State: providers.Partial, Reason: "postinst failed"}, nil
	}}
	_, rec := runOn(t, fakeFleet{"h": h}, policy.RebootNever, func(in *Input) { in.Journal = p })
	if got := strings.Join(p.lines, ", "); got != "start h, apply, end h" {
		t.Error(got)
	}
	if a := rec.outcomes["h apply"]; len(p.ends) != 1 || p.ends[0].Reason != a.Reason || p.ends[0].Status != ledger.Failed || !strings.Contains(a.Reason, "postinst failed") {
		t.Errorf("the journal says %+v, the ledger %+v", p.ends, a)
	}
}

// TestWithoutAnEntryNothingStarts: a full disk stops starts, one host after the other, and touches nothing.
func TestWithoutAnEntryNothingStarts(t *testing.T) {
	hosts := fakeFleet{"a": {version: "1", apply: done}, "b": {version: "1", apply: done}, "c": {version: "1", apply: done}}
	p := &paper{room: 1}
	out, rec := runOn(t, hosts, policy.RebootNever, func(in *Input) { in.Journal = p })
	touched := 0
	for name, h := range hosts {
		a := rec.outcomes[name+" apply"]
		if h.started {
			touched++
		} else if a.Status != ledger.Skipped || !strings.Contains(a.Reason, "no space left") {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if touched != 1 || len(p.ends) != 1 || out.Count(ledger.VerbApply, ledger.Skipped) != 2 {
		t.Errorf("%d touched, %d ended", touched, len(p.ends))
	}
}

// TestAnUnreachedHostNeedsNoEntry: nothing was about to be sent.
func TestAnUnreachedHostNeedsNoEntry(t *testing.T) {
	p := &paper{}
	_, rec := runOn(t, fakeFleet{"h": {open: ErrUnreachable}}, policy.RebootNever, func(in *Input) { in.Journal = p })
	if len(p.lines) != 0 || rec.outcomes["h apply"].Status != ledger.Skipped {
		t.Errorf("%v, %+v", p.lines, rec.outcomes)
	}
}

// TestRecall: every outcome that a journal can hold against everything that a scan can find. Only the scan makes a
// success.
func TestRecall(t *testing.T) {
	y := "pkg:deb/debian/y@2?arch=amd64"
	doubt := []plan.InDoubt{{ID: "1", Host: "h", Updates: []string{xPURL, y}, Since: noon.Add(-time.Hour)}}
	ended := noon.Add(-time.Minute)
	const found, part, nothing = "was in doubt; a scan found it installed", "was in doubt; a scan found part of it installed", "was in doubt; a scan found nothing of it installed"
	for _, c := range []struct {
		installed string
		journal   journal.Entry
		status    ledger.Status
		state     string
		reason    string
		at        time.Time
	}{
		{"x", journal.Entry{Status: ledger.Failed, HostState: "partial", Reason: "postinst failed"}, ledger.Failed, "partial", "postinst failed", ended},
		{"x", journal.Entry{Status: ledger.Failed, HostState: "untouched", Reason: "held"}, ledger.Failed, "partial", "held", ended},
		{"", journal.Entry{Status: ledger.Failed, HostState: "partial", Reason: "postinst failed"}, ledger.Failed, "partial", "postinst failed", ended},
		{"x y", journal.Entry{Status: ledger.Failed, HostState: "partial", Reason: "z was not planned"}, ledger.Failed, "done", "z was not planned", ended},
		{"x y", journal.Entry{Status: ledger.Succeeded, HostState: "done"}, ledger.Succeeded, "done", "", ended},
		{"x", journal.Entry{Status: ledger.Succeeded, HostState: "done"}, ledger.Failed, "partial", part, noon},
		{"", journal.Entry{Status: ledger.Succeeded, HostState: "done"}, ledger.Failed, "untouched", nothing, noon},
		{"x y", journal.Entry{Status: ledger.InDoubt, HostState: "in-doubt", Reason: "lost"}, ledger.Succeeded, "done", found, noon},
		{"x", journal.Entry{Status: ledger.InDoubt, HostState: "in-doubt", Reason: "lost"}, ledger.Failed, "partial", "lost; " + part, noon},
		{"x", journal.Entry{Host: "another", Status: ledger.Failed, Reason: "postinst failed"}, ledger.Failed, "partial", part, noon},
		{"x", journal.Entry{Action: "2", Status: ledger.Failed, Reason: "postinst failed"}, ledger.Failed, "partial", part, noon},
		{"x", journal.Entry{Status: ledger.Failed, At: noon.Add(time.Hour), HostState: "partial", Reason: "from the future"}, ledger.Failed, "partial", "from the future", noon},
	} {
		var scan providers.HostScan
		for n := range strings.FieldsSeq(c.installed) {
			scan.Installed = append(scan.Installed, providers.Package{Name: n, Arch: "amd64", Version: "2"})
		}
		e := c.journal
		e.Kind = journal.End
		if e.Action == "" {
			e.Action = "1"
		}
		if e.Host == "" {
			e.Host = "h"
		}
		if e.At.IsZero() {
			e.At = ended
		}
		settled := SettleDoubt(&policy.Tenant{}, doubt, nil, []Reading{scanned("h", scan)}, nil, noon)
		before := slices.Clone(settled)
		got := Recall(settled, []journal.Entry{e})[0]
		if got.Status != c.status || got.HostState != c.state || got.Reason != c.reason || !got.EndedAt.Equal(c.at) {
			t.Errorf("%q installed, journal %+v: %+v", c.installed, e, got)
		}
		if got.Status == ledger.Succeeded && before[0].Status != ledger.Succeeded {
			t.Errorf("the journal made a success of %+v", before[0])
		}
	}
}
