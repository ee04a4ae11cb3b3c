package command

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/internal/fleet"
	"github.com/ringfence/ringfence/internal/phrase"
)

const (
	maxSource    = 16 << 20 // of what is imported: inventories carry much that is not read
	maxHostsFile = 1 << 20  // what the compiler reads of any file
)

type importFlags struct {
	tenant, from, format, into string
	providers                  []string
	prune, write, detailed     bool
}

func newImport(a *app) *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "import",
		Short: "Bring a tenant's hosts file up to date with an inventory, and show what changes",
		Long: `Compares the hosts of FILE with the tenant's hosts file in the working folder and prints the difference:
+ added, ~ changed, - removed. Only --write writes, and again changes nothing.

What FILE says of a host wins. What it does not mention stays as it is: other labels, and hosts that it does not list
(--prune removes them). Labels ansible_group_… are the inventory's alone. Comments in the hosts file stay.

  ansible-inventory --list | ringfence hosts import --tenant acme --from -
  ringfence hosts import --tenant acme --from cmdb.csv --providers apt --write`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.importHosts(c.Context(), f) },
	}
	c.Flags().StringVar(&f.tenant, "tenant", "", "the `TENANT` (default: the only one)")
	c.Flags().StringVar(&f.from, "from", "", "read `FILE`; - is standard input")
	c.Flags().StringVar(&f.format, "format", "", "`FORMAT` of FILE: ansible, csv, yaml or json (default: by its extension; of standard input: ansible)")
	c.Flags().StringVar(&f.into, "into", "hosts.yaml", "the hosts `FILE` of the tenant's folder to bring up to date")
	c.Flags().StringSliceVar(&f.providers, "providers", nil, "`PROVIDERS` of new hosts for which FILE names none")
	c.Flags().BoolVar(&f.prune, "prune", false, "remove hosts that FILE does not list")
	c.Flags().BoolVar(&f.write, "write", false, "write the hosts file")
	c.Flags().BoolVar(&f.detailed, "detailed-exitcode", false, "exit 2 when something changes")
	return c
}

// importing is one import: where it reads and writes, and what may be written.
type importing struct {
	importFlags
	ws       *workspace
	settings policy.Settings
	into     string // from the root
	data     []byte // what is there now
}

func (a *app) importHosts(ctx context.Context, f importFlags) error {
	in, err := a.importing(ctx, f)
	if err != nil {
		return err
	}
	old, list := inventory.ReadHosts(in.files(), in.known())
	if list.HasErrors() {
		a.out.diagnostics(list, in.ws.tree)
		return done(ExitError)
	}
	source, err := a.source(in)
	if err != nil {
		return err
	}
	hosts, changes := inventory.Merge(old, source, inventory.MergeOptions{Providers: f.providers, Prune: f.prune})
	if list := in.unfit(hosts); len(list) > 0 {
		return list
	}
	for _, c := range changes {
		a.hostChange(c)
	}
	return a.imported(in, old, hosts, changes)
}

// importing finds the tenant and its file. The tenant need not compile: an import may be what mends it.
func (a *app) importing(ctx context.Context, f importFlags) (*importing, error) {
	ws, err := a.folder(ctx)
	if err != nil {
		return nil, err
	}
	if f.from == "" {
		return nil, fail(ExitUsage, diag.New(diag.Usage, "nothing was named to import").WithFix("name a file: --from FILE, or --from - for standard input"))
	}
	if all := compiler.Tenants(ws.tree); f.tenant == "" && len(all) == 1 {
		f.tenant = all[0]
	} else if !slices.Contains(all, f.tenant) {
		if f.tenant == "" {
			return nil, diag.New(diag.TenantNeeded, "the repository has several tenants: %s", strings.Join(all, ", ")).WithFix("name one: --tenant NAME")
		}
		return nil, diag.New(diag.UnknownTenant, "there is no tenant %q%s", f.tenant, suggest.Tail(f.tenant, all)).WithFix("name one of: %s", strings.Join(all, ", "))
	}
	set, err := a.settings(ws)
	if err != nil {
		return nil, err
	}
	in := &importing{importFlags: f, ws: ws, settings: set, into: tenantFile(f.tenant, f.into)}
	if ext := path.Ext(in.into); !fs.ValidPath(f.into) || ext != ".yaml" && ext != ".yml" {
		return nil, fail(ExitUsage, diag.New(diag.Usage, "--into: %s is no YAML file of the tenant's folder", f.into).WithFix("name one, for instance hosts.yaml"))
	}
	in.data, err = fs.ReadFile(ws.tree, in.into)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, diag.New(diag.BadHostsFile, "%s cannot be read: %s", in.into, plainly(err)).WithFix("see that it is a file that you may read")
	}
	return in, nil
}

// files is the hosts file as it is, if it is there and holds something.
func (in *importing) files() []inventory.File {
	if len(bytes.TrimSpace(in.data)) == 0 {
		return nil
	}
	return []inventory.File{{Path: in.into, Data: in.data}}
}

func (in *importing) known() []string {
	out := fleet.Names()
	for _, p := range in.settings.Providers {
		out = append(out, p.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (in *importing) kind() string {
	if in.format == "" && in.from == "-" {
		return "ansible"
	}
	return in.format
}

// source reads what is imported.
func (a *app) source(in *importing) (inventory.Source, error) {
	if f := in.format; f != "" && !slices.Contains([]string{"ansible", "csv", "yaml", "json"}, f) {
		return inventory.Source{}, fail(ExitUsage, diag.New(diag.Usage, "--format: there is no format %q", f).WithFix("ansible, csv, yaml or json"))
	}
	name, raw := in.from, []byte(nil)
	var err error
	if name == "-" {
		name = "standard input"
		raw, err = io.ReadAll(io.LimitReader(a.Stdin, maxSource+1))
	} else {
		raw, err = readAtMost(join(a.Dir, in.from), maxSource+1)
	}
	if err != nil {
		return inventory.Source{}, diag.New(diag.BadHostsFile, "%s cannot be read: %s", name, plainly(err)).WithFix("name a file that is there: --from FILE")
	}
	if len(raw) > maxSource {
		return inventory.Source{}, diag.New(diag.BadHostsFile, "%s is larger than %d MiB", name, maxSource>>20).WithFix("import its groups one by one, each into a hosts file of its own")
	}
	source, list := inventory.ReadSource(inventory.File{Path: name, Data: raw}, in.kind(), in.known())
	a.out.diagnostics(list, nil) // without lines of the source: it may hold secrets
	if list.HasErrors() {
		return inventory.Source{}, done(ExitError)
	}
	return source, nil
}

func readAtMost(file string, n int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, n))
}

// unfit finds what no hosts file may say, before anything is written.
func (in *importing) unfit(hosts []policy.Host) diag.List {
	known := in.known()
	for _, p := range in.providers {
		if !slices.Contains(known, p) {
			return diag.List{diag.New(diag.UnknownProvider, "--providers: unknown provider %q%s", p, suggest.Tail(p, known)).WithFix("known are %s", strings.Join(known, ", "))}
		}
	}
	var out diag.List
	elsewhere := in.elsewhere()
	var without []string
	for _, h := range hosts {
		if at := elsewhere[h.Name]; at != "" {
			out = append(out, diag.New(diag.DuplicateHost, "the host %q is in another hosts file of the tenant: %s", h.Name, at).WithFix("import into that file (--into), or take it out there"))
		} else if len(h.Providers) == 0 {
			without = append(without, h.Name)
		}
	}
	if len(without) > 0 {
		out = append(out, diag.New(diag.BadHostsFile, "no provider is named for %s: %s", phrase.Count(len(without), "new host"), strings.Join(phrase.First(without, 5), ", ")).
			WithFix("say which looks after them: --providers apt"))
	}
	return out
}

// elsewhere says where the tenant's other hosts files have their hosts. Of a tenant that does not compile it is not
// known; check says it then.
func (in *importing) elsewhere() map[string]string {
	out := map[string]string{}
	if t := in.ws.set.Tenant(in.tenant); t != nil {
		for _, h := range t.Hosts {
			if !strings.HasPrefix(h.Source, in.into+":") {
				out[h.Name] = h.Source
			}
		}
	}
	return out
}
