package command

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler/effect"
	"github.com/ringfence/ringfence/compiler/words"
	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/view"
)

type diffFlags struct {
	scope
	base, head string
	format     string
	gate       diffGate
	detailed   bool
	at         instant
}

func newDiff(a *app) *cobra.Command {
	var f diffFlags
	c := &cobra.Command{
		Use:   "diff BASE [HEAD]",
		Short: "Say what an edit of the policy does: what is installed that was not, where and when",
		Long: `Compiles two commits, plans both over the same snapshots, evidence and instant, and says what changes for each tenant
and ring, with the policy line that is why. Tenants that read nothing the edit changes are not loaded, unless it changes
what they may go by of another tenant: its rings, or whether it shares its evidence. Nothing is written and no host is
asked.

  ringfence diff main                                   from main to HEAD
  ringfence diff HEAD^1 HEAD --format markdown --fail-on rejected-to-approved,lost-coverage

Kinds: ` + strings.Join(kindNames(), ", ") + `.

Of a tenant that no scan has read, nobody knows what the edit does to its updates: that is said first and loudly, and
--fail-on counts each kind that cannot be ruled out for it. --allow-unknown lets it pass; kind unknown fails for every host
in a ring that no scan has read. What the policies say otherwise, in plain English, is told in any case.

Exit 0 whatever changes; with -detailed-exitcode 2 when anything does, or nobody knows; 3 when a kind of --fail-on occurs
or cannot be ruled out; 1 when a tenant in question does not compile at HEAD. One that does not at BASE alone is repaired:
nobody knows what the edit does to it, which is said, and --fail-on counts every kind for it unless --allow-unknown.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			f.base, f.head = args[0], "HEAD"
			if len(args) == 2 {
				f.head = args[1]
			}
			if err := f.check(); err != nil {
				return usage(c, err)
			}
			return a.diff(c.Context(), f)
		},
	}
	c.Flags().StringVar(&f.tenant, "tenant", "", "only `TENANT` (default: every one that the edit may touch)")
	c.Flags().StringVar(&f.site, "site", "", "only the hosts of `SITE` (default: all)")
	c.Flags().StringVar(&f.format, "format", "text", "`FORMAT` text, json or markdown")
	c.Flags().StringSliceVar(&f.gate.failOn, "fail-on", nil, "exit 3 when a change is, or may be, of one of `KINDS`, separated by commas")
	c.Flags().BoolVar(&f.gate.allowUnknown, "allow-unknown", false, "let --fail-on pass where no scan says whether such a change occurs")
	c.Flags().BoolVar(&f.detailed, "detailed-exitcode", false, "exit 2 when anything changes")
	f.at.flag(c, "compare as of `TIME` (default: now)")
	return c
}

func (f diffFlags) check() error {
	if _, ok := diffFormats[f.format]; !ok {
		return fmt.Errorf("--format is text, json or markdown, not %q", f.format)
	}
	return f.gate.check()
}

// diffFormats write a comparison.
var diffFormats = map[string]func(io.Writer, view.Diff) error{
	"text":     func(w io.Writer, v view.Diff) error { return v.Text(w) },
	"markdown": func(w io.Writer, v view.Diff) error { return v.Markdown(w) },
	"json": func(w io.Writer, v view.Diff) error {
		raw, err := canonical.Marshal(v.Document)
		if err == nil {
			_, err = fmt.Fprintf(w, "%s\n", raw)
		}
		return err
	},
}

func (a *app) diff(ctx context.Context, f diffFlags) error {
	d, err := a.sides(ctx, f)
	if err != nil {
		return err
	}
	lists, err := d.all(ctx, f.site)
	if err != nil {
		return err
	}
	v := view.Diff{Document: d.document(lists), Clocks: map[string]phrase.Clocks{}, Off: d.switched()}
	for _, name := range d.tenants {
		v.Clocks[name] = phrase.ClocksOf(d.either(name))
	}
	if a.json {
		a.out.emit("diff", "the effect of the edit", event{"diff": v.Document})
	} else if err := diffFormats[f.format](a.Stdout, v); err != nil {
		return err
	}
	return a.diffExit(v.Document, f)
}

// document puts together what the edit does to all tenants.
func (d *diffSides) document(lists []compared) effect.DiffDocument {
	doc := effect.DiffDocument{
		APIVersion: canonical.APIVersion, Kind: "Diff", Base: d.base.commit, Head: d.head.commit, At: d.at,
		Tenants: []effect.TenantDiff{}, Untouched: d.untouched,
	}
	var changes [][]words.Change
	for _, one := range lists {
		doc.Tenants = append(doc.Tenants, one.sites...)
		changes = append(changes, one.changes)
	}
	doc.Kinds, doc.Sentences = effect.KindsOf(doc.Tenants), effect.Sentences(d.tenants, changes)
	return doc
}
