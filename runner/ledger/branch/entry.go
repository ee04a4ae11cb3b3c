package branch

import (
	"context"
	"slices"
	"strings"
)

// since lists the commits of the records after number seq, oldest first.
func (l *Ledger) since(ctx context.Context, h Head, seq int) ([]string, error) {
	var hashes []string
	for e, err := range l.Log(ctx, h, h.State.Seq-seq) {
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, e.Commit)
	}
	slices.Reverse(hashes)
	return hashes, nil
}

// entryOf reads back what was appended, so that it can be appended again elsewhere.
func (l *Ledger) entryOf(hash string) (Entry, error) {
	h, err := l.at(hash)
	if err != nil {
		return Entry{}, err
	}
	c, err := l.repo.Header(hash)
	if err != nil {
		return Entry{}, l.broken(hash, err)
	}
	outcome, _ := c.Trailers.Get(TrailerOutcome)
	e := Entry{Record: h.Record, Subject: c.Subject, Outcome: outcome, Files: map[string][]byte{}}
	var parent string
	if len(c.Parents) > 0 {
		parent = c.Parents[0]
	}
	names, err := l.own(h, parent)
	if err != nil {
		return Entry{}, l.broken(hash, err)
	}
	for _, name := range names {
		if e.Files[name], err = l.ReadFile(h, name); err != nil {
			return Entry{}, l.broken(hash, err)
		}
	}
	return e, nil
}

// own names the files that came with a record: all but the snapshots that were there before. A scan's own snapshot
// came with it even if it says what the one before said.
func (l *Ledger) own(h Head, parent string) ([]string, error) {
	files, err := l.repo.PlainFiles(h.Commit)
	if err != nil {
		return nil, err
	}
	before := map[string]string{}
	if parent != "" {
		if before, err = l.repo.PlainFiles(parent); err != nil {
			return nil, err
		}
	}
	var names []string
	for name, content := range files {
		scanned := h.Record.Scan != nil && name == SnapshotPath(h.Record.Site)
		inherited := strings.HasPrefix(name, "snapshot/") && before[name] == content && !scanned
		if name != stateFile && name != recordFile && !inherited {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}
