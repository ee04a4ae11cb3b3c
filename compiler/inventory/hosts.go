package inventory

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// File is one hosts file. Path is relative to the repository's root; its extension says the format.
type File struct {
	Path string
	Data []byte
}

// ReadHosts reads the hosts files of one tenant: YAML, JSON or CSV, all with the same keys, or what
// `ansible-inventory --list` prints. Providers lists the names
// that a host may use. The hosts come back sorted by name. What is wrong is a diagnostic with a position, and a host
// with a mistake is left out; a file is read on after a mistake.
func ReadHosts(files []File, providers []string) ([]policy.Host, diag.List) {
	b := newBuilder(providers)
	for _, f := range files {
		b.read(f, "")
	}
	return b.done()
}

func newBuilder(providers []string) *builder {
	return &builder{providers: providers, seen: map[string]diag.Range{}, unknown: map[string][]diag.Range{}, hosts: []policy.Host{}}
}

// done returns what was read. A provider that is none is one mistake, on however many hosts.
func (b *builder) done() ([]policy.Host, diag.List) {
	for _, name := range slices.Sorted(maps.Keys(b.unknown)) {
		at, on := b.unknown[name], ""
		if len(at) > 1 {
			on = fmt.Sprintf(" on %d hosts", len(at))
		}
		b.fail(at[0], diag.UnknownProvider, "built-in and configured ones: "+strings.Join(b.providers, ", ")+"; others need an entry under providers in ringfence.cue",
			"unknown provider %s%s%s", show(name), on, suggest.Tail(name, b.providers))
	}
	sortHosts(b.hosts)
	return b.hosts, b.diags
}

func sortHosts(hosts []policy.Host) {
	slices.SortFunc(hosts, func(x, y policy.Host) int { return strings.Compare(x.Name, y.Name) })
}

func sortLabels(labels []policy.Label) {
	slices.SortFunc(labels, func(x, y policy.Label) int { return strings.Compare(x.Key, y.Key) })
}

// scalar is a string and where it stands. Plain is false for numbers, lists and the like, which are never strings.
type scalar struct {
	text string
	at   diag.Range
}

// entry is one host as its file has it, before it is judged.
type entry struct {
	at      diag.Range
	name    *scalar
	address *scalar
	user    *scalar
	// credential is a name; what stands there may be a secret by mistake, so it is never shown.
	credential *scalar
	providers  []scalar
	labels     [][2]scalar
	ansible    bool // it comes from an inventory, where things have other names
	bad        bool // a mistake in it was reported already
}

// builder judges entries and keeps the good ones.
type builder struct {
	providers []string
	seen      map[string]diag.Range
	hosts     []policy.Host
	diags     diag.List
	unknown   map[string][]diag.Range // providers that are none, and where they are named
	bare      bool                    // a host without a provider is all right
	ansible   bool                    // a host of an inventory was read
}

func (b *builder) read(f File, format string) {
	entries, list := parse(f, format)
	b.diags = append(b.diags, list...)
	for _, e := range entries {
		b.add(e)
	}
}

func (b *builder) fail(at diag.Range, code diag.Code, fix, format string, args ...any) {
	b.diags = append(b.diags, diag.New(code, format, args...).At(at).WithFix("%s", fix))
}

// The grammars keep what hosts files say out of options, paths and terminals. A site becomes a file's name.
var (
	hostGrammar       = lazyregexp.New(`^[a-z0-9][a-z0-9.-]{0,62}$`)
	userGrammar       = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_.@\\-]{0,63}$`)
	credentialGrammar = lazyregexp.New(`^[a-z0-9][a-z0-9-]{0,38}$`)
	keyGrammar        = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9_./-]{0,62}$`)
	siteGrammar       = lazyregexp.New(`^[a-z0-9][a-z0-9-]{0,62}$`)
)

func (b *builder) add(e entry) {
	before := len(b.diags)
	h := policy.Host{Name: b.name(e), Address: b.address(e), User: b.user(e), Credential: b.credential(e), Providers: b.uses(e), Labels: b.labels(e)}
	if len(b.diags) > before || e.bad || slices.ContainsFunc(h.Providers, func(p string) bool { return b.unknown[p] != nil }) {
		return
	}
	h.Source = e.name.at.String()
	b.ansible = b.ansible || e.ansible
	b.hosts = append(b.hosts, h)
}

func (b *builder) name(e entry) string {
	if e.name == nil && e.bad {
		return ""
	}
	if e.name == nil {
		b.fail(e.at, diag.BadHostName, "add name: …", "a host has no name")
		return ""
	}
	if !hostGrammar.MatchString(e.name.text) {
		fix := "lower-case letters, digits, . and -, beginning with a letter or digit; at most 63"
		if e.ansible {
			fix += "; give the host another name here with the variable ringfence_name"
		}
		b.fail(e.name.at, diag.BadHostName, fix, "%s cannot be a host's name", show(e.name.text))
		return ""
	}
	if first, ok := b.seen[e.name.text]; ok {
		b.diags = append(b.diags, diag.New(diag.DuplicateHost, "the host %q is listed twice", e.name.text).At(e.name.at).
			WithRelated(first, "first listed here").WithFix("a name is unique in its tenant; remove one of them"))
		return ""
	}
	b.seen[e.name.text] = e.name.at
	return e.name.text
}

func (b *builder) address(e entry) string {
	if e.address == nil {
		return ""
	}
	if err := ValidAddress(e.address.text); err != nil {
		b.fail(e.address.at, diag.BadAddress, "write host, host:port or [v6]:port", "%s cannot be an address: %v", show(e.address.text), err)
	}
	return e.address.text
}

func (b *builder) user(e entry) string {
	if e.user == nil {
		return ""
	}
	if !userGrammar.MatchString(e.user.text) {
		b.fail(e.user.at, diag.BadHostsFile, "write the name of an account", "%s cannot be a user's name", show(e.user.text))
	}
	return e.user.text
}

func (b *builder) credential(e entry) string {
	if e.credential == nil {
		return ""
	}
	if !credentialGrammar.MatchString(e.credential.text) {
		b.fail(e.credential.at, diag.SecretInHosts, "lower-case letters, digits and -, at most 39; the key's file is named by RINGFENCE_SSH_KEY_<NAME> where ringfence runs",
			"credential must be the name of a key, never the key or a password")
	}
	return e.credential.text
}

func (b *builder) uses(e entry) []string {
	out := []string{}
	for _, p := range e.providers {
		if !slices.Contains(b.providers, p.text) {
			b.unknown[p.text] = append(b.unknown[p.text], p.at)
		}
		out = append(out, p.text)
	}
	if len(out) == 0 && !e.bad && !b.bare {
		fix := "add providers: [apt]"
		if e.ansible {
			fix = "give the host, or all, the variable ringfence_providers: [apt]"
		}
		b.fail(e.at, diag.BadHostsFile, fix, "a host names no provider, so nothing would ever look at it")
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > maxProviders {
		b.fail(e.providers[0].at, diag.BadHostsFile, fmt.Sprintf("at most %d", maxProviders), "a host with %d providers", len(out))
	}
	return out
}

func (b *builder) labels(e entry) []policy.Label {
	out := []policy.Label{}
	for _, l := range e.labels {
		key, value := l[0], l[1]
		switch {
		case !keyGrammar.MatchString(key.text):
			b.fail(key.at, diag.BadHostsFile, "letters, digits and _ . / -, at most 63", "%s cannot be a label", show(key.text))
		case !validValue(value.text):
			b.fail(value.at, diag.BadHostsFile, "begin with a letter or digit; at most 127 plain characters", "%s cannot be the value of label %q", show(value.text), key.text)
		case key.text == "site" && !siteGrammar.MatchString(value.text):
			b.fail(value.at, diag.BadHostsFile, "lower-case letters, digits and -, at most 63", "%s cannot be the name of a site", show(value.text))
		}
		out = append(out, policy.Label{Key: key.text, Value: value.text})
	}
	sortLabels(out)
	return out
}

const (
	maxShown     = 80
	maxProviders = 8
)

// show quotes text of a file for a message: escaped, and never long.
func show(s string) string {
	if r := []rune(s); len(r) > maxShown {
		s = string(r[:maxShown]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

// text knows the lines of a file, so that no position lies outside.
type text struct {
	path  string
	lines [][]byte
}

func textOf(f File) text { return text{f.Path, bytes.Split(f.Data, []byte("\n"))} }

func (t text) at(line, column int) diag.Range {
	line = min(max(1, line), len(t.lines))
	column = min(max(1, column), len(t.lines[line-1])+1)
	pos := diag.Pos{Line: line, Column: column}
	return diag.Range{File: t.path, Start: pos, End: pos}
}

// parse reads a file into entries, in the format that its extension names if none is given.
func parse(f File, format string) ([]entry, diag.List) {
	if format == "" {
		format = strings.TrimPrefix(path.Ext(f.Path), ".")
	}
	switch format {
	case "yaml", "yml":
		return parseTree(f, readYAML)
	case "json":
		return parseTree(f, readJSON)
	case "ansible":
		return parseTree(f, readInventory)
	case "csv":
		return parseCSV(f)
	default:
		return nil, diag.List{diag.New(diag.BadHostsFile, "%s is no hosts file", path.Base(f.Path)).At(diag.Range{File: f.Path}).
			WithFix("hosts files end in .yaml, .yml, .json or .csv")}
	}
}
