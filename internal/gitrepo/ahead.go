package gitrepo

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// ahead is a pair of git processes that read a line of commits ahead of whoever walks it: one lists them, one prints
// them. Reading each by itself costs several system calls, and git has better caches. It is a courier only: what it
// brings counts when it has the hash that was asked for, and anything else is read by the store as if it were not there.
type ahead struct {
	stop  context.CancelFunc
	procs []*exec.Cmd
	out   *bufio.Reader
	pipe  *os.File
}

// readAhead starts at a commit and goes on with each first parent. Close ends both processes, however far they are.
func (r *Repo) readAhead(from string) (*ahead, error) {
	ctx, stop := context.WithCancel(context.Background())
	a := &ahead{stop: stop}
	list := r.call("rev-list", "--first-parent", "--end-of-options", from).command(ctx)
	cat := r.call("cat-file", "--batch", "--buffer").command(ctx)
	if err := a.start(list, cat); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// start connects list to cat and cat to the reader.
func (a *ahead) start(list, cat *exec.Cmd) error {
	names, namesIn, err := os.Pipe()
	if err != nil {
		return err
	}
	defer names.Close() // the children have their own
	defer namesIn.Close()
	out, outIn, err := os.Pipe()
	if err != nil {
		return err
	}
	defer outIn.Close()
	a.pipe, a.out = out, bufio.NewReaderSize(out, 64<<10)
	list.Stdout, cat.Stdin, cat.Stdout = namesIn, names, outIn
	for _, p := range []*exec.Cmd{list, cat} {
		if err := p.Start(); err != nil {
			return err
		}
		a.procs = append(a.procs, p)
	}
	return nil
}

// commit returns the content of the next commit, which must be h. After false it is of no more use.
func (a *ahead) commit(h plumbing.Hash) ([]byte, bool) {
	line, err := a.out.ReadString('\n')
	text, asked := strings.CutPrefix(line, h.String()+" commit ")
	if err != nil || !asked {
		return nil, false
	}
	size, err := strconv.Atoi(strings.TrimSuffix(text, "\n"))
	if err != nil || size < 0 || size > maxCommit {
		return nil, false
	}
	raw := make([]byte, size+1) // and a line break
	if _, err := io.ReadFull(a.out, raw); err != nil {
		return nil, false
	}
	raw = raw[:size]
	return raw, plumbing.ComputeHash(plumbing.CommitObject, raw) == h
}

func (a *ahead) close() {
	a.stop()
	if a.pipe != nil {
		_ = a.pipe.Close()
	}
	for _, p := range a.procs {
		_ = p.Wait() // how it ended says nothing: whatever it did not bring is read without it
	}
}

// walker reads one commit after the other. The first few it reads by itself: most walks end there.
type walker struct {
	repo  *Repo
	read  int
	ahead *ahead
}

const walkAlone = 200

func (w *walker) header(hash string) (Commit, error) {
	w.read++
	if w.read == walkAlone {
		w.ahead, _ = w.repo.readAhead(hash) // without it the walk is slow, not wrong
	}
	if raw, ok := w.brought(hash); ok {
		return namedCommit(hash, raw)
	}
	return w.repo.Header(hash)
}

func (w *walker) brought(hash string) ([]byte, bool) {
	if w.ahead == nil {
		return nil, false
	}
	h, err := fullHash(hash)
	if err == nil {
		if raw, ok := w.ahead.commit(h); ok {
			return raw, true
		}
	}
	w.close()
	return nil, false
}

func (w *walker) close() {
	if w.ahead != nil {
		w.ahead.close()
		w.ahead = nil
	}
}
