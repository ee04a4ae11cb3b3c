package command

import (
	"errors"
	"io"
	"net/url"
	"path/filepath"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/runner"
	"github.com/ringfence/ringfence/runner/journal"
	"github.com/ringfence/ringfence/runner/ledger"
)

// runnerJournal is the journal of this clone for one tenant and site, open for as long as the lease is held.
type runnerJournal struct {
	*journal.Journal
	folder io.Closer
	ended  []journal.Entry // by runs before this one
}

// openJournal opens the journal below the clone's .git folder. Tenant and site are kept apart by a character that
// neither has, once escaped.
func (p *pipeline) openJournal() error {
	dir, err := p.ws.repo.StateDir()
	if err != nil {
		return journalError(dir, err)
	}
	name := url.PathEscape(p.tenant.Name) + "," + url.PathEscape(p.site) + ".log"
	file := filepath.Join(dir, "journal", name)
	disk, folder, err := journal.Disk(dir, "journal")
	if err != nil {
		return journalError(file, err)
	}
	j, _, err := journal.Open(disk, name)
	if err != nil {
		_ = folder.Close()
		return journalError(file, err)
	}
	if n := j.Cut(); n > 0 {
		p.out.say("the journal of %s ended in the middle of an entry; %s were left out", p.tenant.Name, phrase.Count(n, "byte"))
	}
	p.journal = &runnerJournal{Journal: j, folder: folder, ended: j.Pending()}
	return nil
}

// trimJournal leaves in the journal what the ledger still has in doubt, other waves in flight among it: the rest is in
// the record just written. While that record has not reached the remote, everything stays. A runner that is killed
// before this, or in it, leaves entries of actions that nobody asks about any more.
func (p *pipeline) trimJournal() error {
	if p.journal == nil || p.unpushed {
		return nil
	}
	open := map[string]bool{}
	for _, d := range p.head.State.InDoubt {
		open[d.ID] = true
	}
	return p.journal.Reset(func(id string) bool { return !open[id] })
}

// outcomeRecorded keeps the journal as small as the waves in flight.
func (p *pipeline) outcomeRecorded() {
	if err := p.trimJournal(); err != nil {
		p.out.say("warning: %v; nothing more starts", err) // as the journal refuses it; what ended is recorded
	}
}

func (p *pipeline) closeJournal() {
	j := p.journal
	if j == nil {
		return
	}
	if err := errors.Join(p.trimJournal(), j.Close(), j.folder.Close()); err != nil {
		p.out.say("warning: %v", err) // the ledger has it all by now
	}
	p.journal = nil
}

// recalled adds what the journal knows to what a scan settled.
func (p *pipeline) recalled(settled []ledger.Action) []ledger.Action {
	if p.journal == nil {
		return settled // without the lease another process may have it open
	}
	return runner.Recall(settled, p.journal.ended)
}

func journalError(file string, err error) error {
	fix := "nothing starts without it: see that its folder may be written and has room: " + filepath.Dir(file)
	var damage *journal.DamageError
	switch {
	case errors.As(err, &damage):
		fix = "it only adds detail to the ledger: look at it, then move it aside: mv " + file + " " + file + ".damaged"
	case errors.Is(err, journal.ErrInUse):
		fix = "another ringfence process works in this clone: wait until it has ended"
	}
	return diag.New(diag.WriteFailed, "the runner's journal: %v", err).WithFix("%s", fix)
}
