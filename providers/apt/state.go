package apt

import (
	"context"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/providers"
)

var distributionID = lazyregexp.New(`\A[a-z0-9][a-z0-9._-]{0,63}\z`)

// state is what dpkg says of a host: its database, its journal, its own audit.
type state struct {
	db      database
	journal bool // dpkg was interrupted and has changes to merge
	audit   []string
}

func readState(ctx context.Context, x providers.Exec) (state, error) {
	native, err := readWord(ctx, x, cmdArch)
	if err != nil {
		return state{}, err
	}
	text, err := read(ctx, x, cmdPackages, nil)
	if err != nil {
		return state{}, err
	}
	list, err := parsePackages(text)
	if err != nil {
		return state{}, fmt.Errorf("apt: %w", err)
	}
	journal, err := read(ctx, x, cmdJournal, nil)
	if err != nil {
		return state{}, err
	}
	// The exit code of an audit with findings differs between releases of dpkg: the text decides.
	audit, err := ask(ctx, x, cmdAudit, nil)
	if err != nil {
		return state{}, err
	}
	if audit.ExitCode != 0 && len(audit.Stdout) == 0 {
		return state{}, fmt.Errorf("apt: dpkg --audit: %s", complaint(audit))
	}
	return state{newDatabase(native, list), hasJournal(journal), parseAudit(string(audit.Stdout))}, nil
}

// hasJournal goes by dpkg's names for journal files, which are digits; its scratch file stays there for good.
func hasJournal(files string) bool {
	for name := range strings.FieldsSeq(files) {
		if strings.Trim(name, "0123456789") == "" {
			return true
		}
	}
	return false
}

// problems says what must be repaired before anything may be installed. apt-get would run into the first and would
// configure the others on its way, which nobody planned.
func (s state) problems() []string {
	out := s.db.unfinished()
	if s.journal {
		out = append(out, "dpkg was interrupted")
	}
	if len(out) == 0 {
		out = append(out, s.audit...)
	}
	return out
}

// checkVerification reads apt's configuration and the options of its sources, and refuses what lets apt install
// packages that it did not verify. It also returns the options that only stop the check of an index's age.
func checkVerification(ctx context.Context, x providers.Exec) (config, []string, error) {
	text, err := read(ctx, x, cmdConfig, nil)
	if err != nil {
		return nil, nil, err
	}
	c := parseConfig(text)
	if c.get("Dir") == "" {
		return nil, nil, fmt.Errorf("apt: %w", unreadable("apt's configuration", text))
	}
	if bad := c.insecure(); len(bad) > 0 {
		return nil, nil, fmt.Errorf("apt: verification of packages is switched off by %s", strings.Join(bad, ", "))
	}
	if bad := c.misplaced(); len(bad) > 0 {
		return nil, nil, fmt.Errorf("apt: the options of the sources cannot be checked, they are elsewhere: %.200s", strings.Join(bad, ", "))
	}
	out, err := ask(ctx, x, cmdSourceOptions, nil)
	if err != nil {
		return nil, nil, err
	}
	if out.ExitCode > 1 { // grep: 1 is "nothing found"
		return nil, nil, fmt.Errorf("apt: the options of the sources could not be read: %s", complaint(out))
	}
	insecure, undated := parseSourceOptions(string(out.Stdout))
	if len(insecure) > 0 {
		return nil, nil, fmt.Errorf("apt: verification is switched off for a source: %.200s", strings.Join(insecure, ", "))
	}
	return c, undated, nil
}

// trustedIndexes returns the host's indexes, all of them verified, or an error.
func trustedIndexes(ctx context.Context, x providers.Exec) ([]index, error) {
	text, err := read(ctx, x, cmdIndexes, nil)
	if err != nil {
		return nil, err
	}
	all, err := parseIndexes(text)
	if err != nil {
		return nil, fmt.Errorf("apt: %w", err)
	}
	for _, i := range all {
		if !i.trusted {
			return nil, fmt.Errorf("apt: the index %.200q is not signed by a trusted key", i.description)
		}
	}
	return all, nil
}
