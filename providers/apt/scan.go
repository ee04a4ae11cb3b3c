package apt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/providers"
)

// Scan reads one host. It is an error whenever something could not be seen: package indexes that could not be
// refreshed, are not signed or too old (apt itself would say "0 upgraded" and succeed), an unreadable line, a count
// that does not match. Severity, release date, advisories and CVEs stay unknown: apt has none of them.
func (p *Provider) Scan(ctx context.Context, req providers.ScanRequest, x providers.Exec) (providers.HostScan, error) {
	s := scanner{x: x, now: p.now}
	if s.now == nil {
		s.now = time.Now
	}
	steps := []func(context.Context) error{s.system, s.clock, s.verification}
	if req.Refresh {
		steps = append(steps, s.refresh)
	} else {
		steps = append(steps, s.complete)
	}
	for _, step := range append(steps, s.installed, s.missing, s.preferences, s.reboot) {
		if err := step(ctx); err != nil {
			return providers.HostScan{}, err
		}
	}
	slices.Sort(s.out.Notes)
	s.out.Notes = slices.Compact(s.out.Notes)
	return s.out, nil
}

// scanner is one scan in progress.
type scanner struct {
	x            providers.Exec
	now          func() time.Time
	out          providers.HostScan
	distribution string
	state        state
	indexes      []index
}

func (s *scanner) note(format string, args ...any) {
	s.out.Notes = append(s.out.Notes, fmt.Sprintf(format, args...))
}

// system reads what the host is.
func (s *scanner) system(ctx context.Context) error {
	text, err := read(ctx, s.x, cmdOSRelease, nil)
	if err != nil {
		return err
	}
	if s.distribution, s.out.OS, err = parseOSRelease(text); err != nil {
		return err
	}
	s.out.BootID, err = readWord(ctx, s.x, cmdBootID)
	return err
}

// verification refuses hosts whose apt may install what it did not verify.
func (s *scanner) verification(ctx context.Context) error {
	c, undated, err := checkVerification(ctx, s.x)
	if err != nil {
		return err
	}
	for _, u := range undated {
		s.note("apt does not check the age of an index: %s", u)
	}
	if release := c.get("APT::Default-Release"); release != "" {
		s.note("APT::Default-Release is %q: newer versions in other releases are not offered", release)
	}
	if c.unattended() {
		s.note("unattended-upgrades is on: the host also updates itself, outside the rings")
	}
	return nil
}

func (s *scanner) refresh(ctx context.Context) error {
	out, err := ask(ctx, s.x, cmdRefresh, nil)
	if err != nil {
		return err
	}
	if out.ExitCode != 0 {
		return fmt.Errorf("apt: the package indexes could not be refreshed: %s", complaint(out))
	}
	return s.readIndexes(ctx)
}

// complete checks that every configured repository has an index on the host: one whose last refresh failed has none,
// and apt does not mention that.
func (s *scanner) complete(ctx context.Context) error {
	if err := s.readIndexes(ctx); err != nil {
		return err
	}
	text, err := read(ctx, s.x, cmdSources, nil)
	if err != nil {
		return err
	}
	bases, err := parseSources(text)
	if err != nil {
		return fmt.Errorf("apt: %w", err)
	}
	for _, base := range bases {
		if !slices.ContainsFunc(s.indexes, func(i index) bool { return i.baseURI == base }) {
			return fmt.Errorf("apt: the host has no index of %.200q: it must be refreshed", base)
		}
	}
	return nil
}

func (s *scanner) readIndexes(ctx context.Context) error {
	var err error
	s.indexes, err = trustedIndexes(ctx, s.x)
	if err == nil && len(s.indexes) == 0 {
		err = fmt.Errorf("apt: the host has no package index at all: no update can be seen")
	}
	return err
}

func (s *scanner) installed(ctx context.Context) error {
	var err error
	if s.state, err = readState(ctx, s.x); err != nil {
		return err
	}
	s.out.Installed, s.out.Held = s.state.db.list(), s.state.db.held()
	for _, problem := range s.state.problems() {
		s.note("%s; nothing can be installed before it is repaired (dpkg --configure -a)", problem)
	}
	return nil
}

// preferences notes what apt was told not to consider. It changes no result: a pinned package is the administrator's
// decision, but whoever reads "nothing missing" must know of it.
func (s *scanner) preferences(ctx context.Context) error {
	text, err := read(ctx, s.x, cmdPolicy, nil)
	if err != nil {
		return err
	}
	for _, p := range parsePolicy(text) {
		s.note("apt preferences: %s", p)
	}
	return nil
}

// parseOSRelease returns the distribution's id and "id version".
func parseOSRelease(text string) (id, os string, err error) {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			values[k] = strings.Trim(v, `"'`)
		}
	}
	id = values["ID"]
	if !distributionID.MatchString(id) {
		return "", "", fmt.Errorf("apt: /etc/os-release has no usable ID")
	}
	return id, strings.TrimSpace(id + " " + values["VERSION_ID"]), nil
}
