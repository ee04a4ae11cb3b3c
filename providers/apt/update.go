package apt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/providers"
)

// versions returns what the indexes hold of the candidates' packages, by plain name.
func (s *scanner) versions(ctx context.Context, all []candidate) (map[string][]available, error) {
	if len(all) == 0 {
		return nil, nil
	}
	var names []string
	for _, c := range all {
		names = append(names, c.name)
	}
	slices.Sort(names)
	text, err := read(ctx, s.x, cmdVersions, map[string][]string{"package": slices.Compact(names)})
	if err != nil {
		return nil, err
	}
	list, err := parseVersions(text)
	if err != nil {
		return nil, fmt.Errorf("apt: %w", err)
	}
	out := map[string][]available{}
	for _, v := range list {
		out[plain(v.name)] = append(out[plain(v.name)], v)
	}
	return out, nil
}

func (s *scanner) describe(c candidate, versions []available) providers.Missing {
	name := plain(c.name)
	same, stepped := s.archives(c, versions)
	return providers.Missing{
		From: c.from,
		Held: c.held,
		Update: providers.Update{
			PURL: purl(s.distribution, name, c.to, c.arch), Name: name, Version: c.to, Arch: c.arch,
			Class: class(same, stepped), Severity: "unknown", Origin: origin(same), Reboot: rebootOf(name),
		},
	}
}

// archives returns the archives that hold the new version, and those of the versions between the host's and the new one.
func (s *scanner) archives(c candidate, versions []available) (same, stepped []archive) {
	for _, v := range versions {
		i := slices.IndexFunc(s.indexes, func(i index) bool { return i.description == v.description })
		if i < 0 {
			continue // the dpkg database itself
		}
		switch {
		case v.version == c.to:
			same = append(same, s.indexes[i].archive)
		case newer(v.version, c.from) && newer(c.to, v.version):
			stepped = append(stepped, s.indexes[i].archive)
		}
	}
	return same, stepped
}

// plain is a package's name without architecture.
func plain(name string) string {
	name, _, _ = strings.Cut(name, ":")
	return name
}
