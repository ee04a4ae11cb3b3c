package apt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/providers"
)

// Preview asks apt-get what it would do for exactly the targets. Targets that the host already has ask for nothing. It
// is an error where Apply would leave the host untouched for a reason of the host's: dpkg must be repaired, a version
// is no longer in the indexes, the host changed since the plan. Held packages are listed and left out: Apply would
// refuse them.
//
// Restarts stay empty: which services a package restarts is known only to its scripts. The reboot is predicted from
// package names (see rebootOf).
func (*Provider) Preview(ctx context.Context, req providers.ChangeRequest, x providers.Exec) (providers.Preview, error) {
	tx, err := prepare(ctx, x, req.Targets)
	if err != nil {
		return providers.Preview{}, err
	}
	held := tx.setHeldAside()
	if err := tx.resolve(ctx, x); err != nil || len(tx.targets) == 0 {
		return providers.Preview{Held: held}, err
	}
	size, err := downloadSize(ctx, x, tx.pkgvers())
	if err != nil {
		return providers.Preview{}, err
	}
	actions := tx.actions()
	held = append(held, tx.held()...)
	slices.Sort(held)
	return providers.Preview{Actions: actions, Held: held, DownloadBytes: size, Reboot: rebootNeed(actions)}, nil
}

func downloadSize(ctx context.Context, x providers.Exec, pkgvers []string) (int64, error) {
	text, err := read(ctx, x, cmdURIs, map[string][]string{"pkgver": pkgvers})
	if err != nil {
		return 0, err
	}
	size, err := parseURIs(text)
	if err != nil {
		return 0, fmt.Errorf("apt: %s: %w", cmdURIs, err)
	}
	return size, nil
}

// parseURIs adds up the sizes of "apt-get --print-uris install".
func parseURIs(text string) (int64, error) {
	var sum int64
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \r\n")
		if !strings.HasPrefix(line, "'") {
			continue
		}
		m := uriLine.FindStringSubmatch(line)
		if m == nil {
			return 0, unreadable("a download", line)
		}
		size := int64(atoi(m[2]))
		if size < 0 || sum+size < 0 {
			return 0, unreadable("a size", line)
		}
		sum += size
	}
	return sum, nil
}
