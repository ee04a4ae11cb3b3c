package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ringfence/ringfence/internal/gitrepo"
)

// place is where refs are kept that all runners share: a remote, or without one the local repository. Each names a
// commit without history that holds one file.
type place struct {
	repo   *gitrepo.Repo
	remote string
	file   string
	limit  int64
}

// get returns where a ref is, "" for nowhere, and brings what it names here; gitrepo.ErrRefMoved asks for another try.
func (p place) get(ctx context.Context, ref string) (string, error) {
	if p.remote == "" {
		return absent(p.repo.Ref(ref))
	}
	at, err := absent(p.repo.RemoteRef(ctx, p.remote, ref))
	if err != nil || at == "" {
		return "", err
	}
	return at, p.bring(ctx, map[string]string{ref: at})
}

// list is get for all refs below a prefix.
func (p place) list(ctx context.Context, prefix string) (map[string]string, error) {
	if p.remote == "" {
		return p.repo.Refs(ctx, prefix)
	}
	refs, err := p.repo.RemoteRefs(ctx, p.remote, prefix)
	if err != nil {
		return nil, err
	}
	return refs, p.bring(ctx, refs)
}

// atOnce is how many refs one fetch names: they are its arguments.
const atOnce = 200

// bring fetches the commits that are not here yet. When the remote's refs have moved on meanwhile, it returns
// gitrepo.ErrRefMoved.
func (p place) bring(ctx context.Context, refs map[string]string) error {
	var missing []string
	for _, ref := range slices.Sorted(maps.Keys(refs)) {
		if _, err := p.read(refs[ref]); err != nil { // also after a fetch that was killed half-way
			missing = append(missing, ref)
		}
	}
	for some := range slices.Chunk(missing, atOnce) {
		err := p.repo.Fetch(ctx, p.remote, some...)
		if errors.Is(err, gitrepo.ErrRefNotFound) {
			return fmt.Errorf("%w: %w", gitrepo.ErrRefMoved, err)
		}
		if err != nil {
			return err
		}
	}
	for _, ref := range missing {
		if _, err := p.read(refs[ref]); errors.Is(err, gitrepo.ErrNoObject) {
			return fmt.Errorf("%w: %w", gitrepo.ErrRefMoved, err)
		}
	}
	return nil
}

// read returns the file of a commit that is here.
func (p place) read(commit string) ([]byte, error) { return p.repo.ReadFile(commit, p.file, p.limit) }

// swap moves a ref from old, "" for none, to new, or returns gitrepo.ErrRefMoved.
func (p place) swap(ctx context.Context, ref, new, old string) error {
	if p.remote == "" {
		return p.repo.UpdateRef(ctx, ref, new, old)
	}
	return p.repo.Push(ctx, p.remote, ref, new, old)
}

// removal is the command that deletes a ref.
func (p place) removal(ref string) string {
	if p.remote == "" {
		return "git update-ref -d " + ref
	}
	return "git push " + p.remote + " :" + ref
}
