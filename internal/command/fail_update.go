package command

import (
	"context"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner/ledger"
)

// updateOf finds the update of a host that a word means: one that the newest scan lists of it or, failing that, one that
// any record says was started there. A newer one may have taken its place since, and gates may still go by it.
func (p *pipeline) updateOf(ctx context.Context, s *inventory.Snapshot, host, word string) (string, error) {
	found := listed(s, host, word)
	if len(found) == 0 {
		past, err := p.startedOn(ctx, host, word)
		if err != nil {
			return "", err
		}
		found = past
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", p.notOfHost(s, host, word)
	}
	return "", diag.New(diag.Usage, "%q is ambiguous: %s", untrusted.Line(word, 100), strings.Join(phrase.First(found, 4), ", ")).WithFix("name the purl")
}

// listed are the updates of a name or purl that a scan found on a host or missing there.
func listed(s *inventory.Snapshot, host, word string) []string {
	h := s.Host(host)
	if h == nil {
		return nil
	}
	var of []int
	for _, m := range h.Missing {
		of = append(of, m.Update)
	}
	for _, i := range h.Installed {
		of = append(of, i.Update)
	}
	var out []string
	for _, i := range of {
		if u := s.Updates[i]; u.PURL == word || u.Name == word {
			out = append(out, u.PURL)
		}
	}
	return once(out)
}

func once(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// startedOn looks through the records, newest first, for updates that were started on a host. A purl is found once, a
// name may be that of several.
func (p *pipeline) startedOn(ctx context.Context, host, word string) ([]string, error) {
	var found []string
	for e, err := range p.ledger.Log(ctx, p.head, 0) {
		if err != nil {
			return nil, ledgerError(p.tenant.Name, err)
		}
		r, err := p.ledger.Record(e.Commit)
		if err != nil {
			return nil, ledgerError(p.tenant.Name, err)
		}
		found = append(found, startedIn(r, host, word)...)
		if slices.Contains(found, word) {
			break
		}
	}
	return once(found), nil
}

func startedIn(r ledger.Record, host, word string) []string {
	var out []string
	for _, a := range r.Actions {
		if a.Host != host || a.Verb != ledger.VerbApply || a.Status == ledger.Skipped {
			continue
		}
		for _, u := range a.Updates {
			if purl, err := packageurl.FromString(u.Update); u.Update == word || err == nil && purl.Name == word {
				out = append(out, u.Update)
			}
		}
	}
	return out
}

// notOfHost says where the update is known instead: a failure that is recorded of the wrong host takes back what
// succeeded on another one.
func (p *pipeline) notOfHost(s *inventory.Snapshot, host, word string) error {
	var others []string
	for _, h := range s.Hosts {
		if len(listed(s, h.Name, word)) > 0 {
			others = append(others, h.Name)
		}
	}
	word = untrusted.Line(word, 200)
	if len(others) > 0 {
		return diag.New(diag.Usage, "no recorded update of %s is called %q; the newest scan lists it of %s", host, word, someOf(others)).
			WithFix("name the host that it failed on")
	}
	return diag.New(diag.Usage, "no recorded update of %s is called %q", host, word).
		WithFix("see: ringfence plan %s; of what came before, each record of ringfence log has the purls: git show COMMIT:run/record.json", p.where())
}
