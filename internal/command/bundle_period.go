package command

import (
	"context"
	"strings"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/runner/ledger/branch"
	"github.com/ringfence/ringfence/runner/ledger/verify"
)

// period is a year, a quarter or a month in UTC, from its first instant to that of the next one; the zero period is all
// time.
type period struct {
	name        string
	begin, next time.Time
}

// periodOf reads --period.
func periodOf(name string) (period, error) {
	if name == "" {
		return period{}, nil
	}
	text, months, layout := name, 12, "2006"
	if year, quarter, ok := strings.Cut(name, "-Q"); ok && len(quarter) == 1 && quarter[0] >= '1' && quarter[0] <= '4' {
		text, months, layout = year+"-"+[]string{"01", "04", "07", "10"}[quarter[0]-'1'], 3, "2006-01"
	} else if strings.Contains(name, "-") {
		months, layout = 1, "2006-01"
	}
	begin, err := time.Parse(layout, text)
	if err != nil || begin.Year() == 0 {
		return period{}, diag.New(diag.Usage, "--period %.80q is no year, quarter or month", name).WithFix("write 2026, 2026-Q3 or 2026-09")
	}
	return period{name, begin, begin.AddDate(0, months, 0)}, nil
}

// lastOf is the newest record of a period. One in which nothing was recorded has no bundle: the file's name would say
// that somebody had looked at it.
func (a *app) lastOf(ctx context.Context, in verify.Input, p period) (branch.LogEntry, error) {
	l := branch.Open(in.Repo, in.Tenant)
	head, err := l.Head(ctx)
	if err != nil {
		return branch.LogEntry{}, ledgerError(in.Tenant, err)
	}
	if head.Commit == "" {
		return branch.LogEntry{}, noLedger(in.Tenant)
	}
	for e, err := range l.Log(ctx, head, 0) {
		switch {
		case err != nil:
			return e, ledgerError(in.Tenant, err)
		case p.name != "" && !e.When.Before(p.next):
		case e.When.Before(p.begin):
			return e, noRecord(in.Tenant, p).WithDetail("the newest one before is record %d, of %s", e.Seq, e.When.UTC().Format("2006-01-02 15:04Z"))
		default:
			return e, nil
		}
	}
	return branch.LogEntry{}, noRecord(in.Tenant, p).WithDetail("its first one is newer")
}

func noRecord(tenant string, p period) diag.Diagnostic {
	return diag.New(diag.NoSnapshot, "%s has no record of %s", tenant, p.name).
		WithFix("name a period with records, or none for all of them: ringfence log --tenant %s", tenant)
}
