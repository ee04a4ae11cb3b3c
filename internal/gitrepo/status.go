package gitrepo

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

const maxStatus = 16 << 20

// Dirty lists what below the given paths (all, if none are given) of the working folder differs from HEAD: changed,
// staged, deleted or not added; and apart from it what is in no commit because Git is told to ignore it. Paths are
// relative to Root, with slashes, sorted. In a bare repository nothing differs.
func (r *Repo) Dirty(ctx context.Context, paths ...string) (dirty, ignored []string, err error) {
	if r.root == "" {
		return nil, nil, nil
	}
	filters, err := r.withoutFilters(ctx)
	if err != nil {
		return nil, nil, err
	}
	args := append(filters, "--work-tree="+r.root, "status", "--porcelain=v1", "-z", "--no-renames",
		"--untracked-files=all", "--ignored=traditional", "--ignore-submodules=dirty", "--")
	c := r.call(append(args, paths...)...)
	c.dir, c.limit, c.env = r.root, maxStatus, []string{"RINGFENCE_NOTHING="}
	out, err := c.run(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("compare the folder with HEAD: %w", err)
	}
	for line := range strings.SplitSeq(string(out), "\x00") {
		switch { // two letters, a space, the path
		case len(line) <= 3:
		case strings.HasPrefix(line, "!!"):
			ignored = append(ignored, line[3:])
		default:
			dirty = append(dirty, line[3:])
		}
	}
	slices.Sort(dirty)
	slices.Sort(ignored)
	return dirty, ignored, nil
}

// withoutFilters returns options that silence every content filter that is configured: to compare a file, git would
// run its clean command.
func (r *Repo) withoutFilters(ctx context.Context) ([]string, error) {
	c := r.call("config", "--list", "--name-only", "-z")
	out, err := c.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("read git's configuration: %w", err)
	}
	var options []string
	seen := map[string]bool{}
	for key := range strings.SplitSeq(string(out), "\x00") {
		i := strings.LastIndexByte(key, '.')
		if !strings.HasPrefix(key, "filter.") || i < len("filter.") || seen[key[:i]] {
			continue
		}
		seen[key[:i]] = true
		for _, what := range []string{"clean", "smudge", "process", "required"} {
			options = append(options, "--config-env="+key[:i]+"."+what+"=RINGFENCE_NOTHING")
		}
	}
	return options, nil
}
