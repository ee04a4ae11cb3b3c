package gitrepo

import (
	"context"
	"fmt"
)

// Refs lists the refs of this repository below a prefix such as "refs/ringfence/lease/", by name.
func (r *Repo) Refs(ctx context.Context, prefix string) (map[string]string, error) {
	if err := checkRefName(prefix + "x"); err != nil {
		return nil, err
	}
	c := r.call("for-each-ref", "--format=%(objectname)%09%(refname)", prefix)
	c.limit = remoteOutput
	out, err := c.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("list refs: %w", err)
	}
	return below(parseRefs(out), prefix), nil
}
