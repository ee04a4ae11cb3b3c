package remote

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ringfence/ringfence/internal/gitrepo"
)

// Refs are kept where all runners see them: on a remote, or without one in the local repository. Each names a commit
// without history that holds one file.
type Refs struct {
	repo   *gitrepo.Repo
	remote string
	file   string
	limit  int64
}

// NewRefs says where refs are kept and what their file is called, of at most limit bytes.
func NewRefs(repo *gitrepo.Repo, remote, file string, limit int64) Refs {
	return Refs{repo, remote, file, limit}
}

// Get returns where a ref is, "" for nowhere, and brings what it names here; gitrepo.ErrRefMoved asks for another try.
func (r Refs) Get(ctx context.Context, ref string) (string, error) {
	if r.remote == "" {
		return Here(r.repo, ref)
	}
	at, err := absent(r.repo.RemoteRef(ctx, r.remote, ref))
	if err != nil || at == "" {
		return "", err
	}
	return at, r.bring(ctx, map[string]string{ref: at})
}

// List is Get for all refs below a prefix.
func (r Refs) List(ctx context.Context, prefix string) (map[string]string, error) {
	if r.remote == "" {
		return r.repo.Refs(ctx, prefix)
	}
	refs, err := r.repo.RemoteRefs(ctx, r.remote, prefix)
	if err != nil {
		return nil, err
	}
	return refs, r.bring(ctx, refs)
}

// atOnce is how many refs one fetch names: they are its arguments.
const atOnce = 200

// bring fetches the commits that are not here yet. When the remote's refs have moved on meanwhile, it returns
// gitrepo.ErrRefMoved.
func (r Refs) bring(ctx context.Context, refs map[string]string) error {
	var missing []string
	for _, ref := range slices.Sorted(maps.Keys(refs)) {
		if _, err := r.Read(refs[ref]); err != nil { // also after a fetch that was killed half-way
			missing = append(missing, ref)
		}
	}
	for some := range slices.Chunk(missing, atOnce) {
		err := r.repo.Fetch(ctx, r.remote, some...)
		if errors.Is(err, gitrepo.ErrRefNotFound) {
			return fmt.Errorf("%w: %w", gitrepo.ErrRefMoved, err)
		}
		if err != nil {
			return err
		}
	}
	for _, ref := range missing {
		if _, err := r.Read(refs[ref]); errors.Is(err, gitrepo.ErrNoObject) {
			return fmt.Errorf("%w: %w", gitrepo.ErrRefMoved, err)
		}
	}
	return nil
}

// Read returns the file of a commit that is here.
func (r Refs) Read(commit string) ([]byte, error) { return r.repo.ReadFile(commit, r.file, r.limit) }

// Swap moves a ref from old, "" for none, to new, or returns gitrepo.ErrRefMoved.
func (r Refs) Swap(ctx context.Context, ref, new, old string) error {
	if r.remote == "" {
		return r.repo.UpdateRef(ctx, ref, new, old)
	}
	return r.repo.Push(ctx, r.remote, ref, new, old)
}

// Removal is the command that deletes a ref.
func (r Refs) Removal(ref string) string {
	if r.remote == "" {
		return "git update-ref -d " + ref
	}
	return "git push " + r.remote + " :" + ref
}
