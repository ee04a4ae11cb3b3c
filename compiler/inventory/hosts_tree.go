package inventory

import (
	"slices"

	"github.com/ringfence/ringfence/compiler/diag"
)

// tree is a value of a YAML or JSON file. Text is set for strings alone; other scalars are kept as other, because a
// label that was meant as text ("no", 1.10) must not change its meaning on the way. Number is a JSON number as written.
type tree struct {
	kind   kind
	text   string
	number string
	at     diag.Range
	pairs  []pair
	items  []tree
}

type kind string

const (
	textKind  kind = "a string"
	listKind  kind = "a list"
	mapKind   kind = "a mapping"
	otherKind kind = "no string"
)

type pair struct {
	key   scalar
	value tree
}

// treeParser turns a tree into entries: strict keys, and on after a mistake.
type treeParser struct {
	diags diag.List
}

func parseTree(f File, read func(File) (tree, *diag.Diagnostic)) ([]entry, diag.List) {
	root, bad := read(f)
	if bad != nil {
		return nil, diag.List{*bad}
	}
	if isAnsible(root) {
		return parseAnsible(root)
	}
	p := &treeParser{}
	return p.file(root), p.diags
}

func (p *treeParser) fail(at diag.Range, fix, format string, args ...any) {
	p.diags = append(p.diags, diag.New(diag.BadHostsFile, format, args...).At(at).WithFix("%s", fix))
}

// want reports a value of the wrong kind.
func (p *treeParser) want(t tree, k kind, what string) bool {
	if t.kind == k {
		return true
	}
	fix := "a hosts file is hosts: [{name: …, address: …, providers: […], labels: {…}}]"
	if k == textKind && t.kind == otherKind {
		fix = "put it in quotes"
	}
	p.fail(t.at, fix, "%s must be %s", what, k)
	return false
}

// keys calls the function of each key and reports keys that have none, or that come twice.
func (p *treeParser) keys(t tree, known map[string]func(tree), allowed string) {
	seen := map[string]bool{}
	for _, kv := range t.pairs {
		read, ok := known[kv.key.text]
		switch {
		case !ok && secretName(kv.key.text):
			p.diags = append(p.diags, diag.New(diag.SecretInHosts, "a hosts file holds no secrets: %s", show(kv.key.text)).At(kv.key.at).
				WithFix("take it out, and out of Git's history; name a credential instead"))
		case !ok:
			p.fail(kv.key.at, "keys that can stand here: "+allowed, "unknown key %s", show(kv.key.text))
		case seen[kv.key.text]:
			p.fail(kv.key.at, "remove one of them", "the key %s comes twice", show(kv.key.text))
		default:
			read(kv.value)
		}
		seen[kv.key.text] = true
	}
}

func (p *treeParser) file(root tree) []entry {
	var out []entry
	if !p.want(root, mapKind, "a hosts file") {
		return nil
	}
	found := false
	p.keys(root, map[string]func(tree){"hosts": func(t tree) {
		found = true
		if !p.want(t, listKind, "hosts") {
			return
		}
		for _, item := range t.items {
			if p.want(item, mapKind, "a host") {
				out = append(out, p.host(item))
			}
		}
	}}, rootKeys(root))
	if !found && len(p.diags) == 0 {
		p.fail(root.at, "begin the file with hosts:", "the file lists no hosts")
	}
	return out
}

// rootKeys says what may stand at the top of a file, and more to who brought an inventory of Ansible's own format.
func rootKeys(root tree) string {
	if slices.ContainsFunc(root.pairs, func(p pair) bool { return p.key.text == "all" || p.key.text == "ungrouped" }) {
		return "hosts; an Ansible inventory is read as JSON: ansible-inventory --list > hosts.json"
	}
	return "hosts"
}

func (p *treeParser) host(t tree) entry {
	e := entry{at: t.at}
	before := len(p.diags)
	text := func(into **scalar, what string) func(tree) {
		return func(t tree) {
			if p.want(t, textKind, what) {
				*into = &scalar{t.text, t.at}
			}
		}
	}
	p.keys(t, map[string]func(tree){
		"name":       text(&e.name, "name"),
		"address":    text(&e.address, "address"),
		"user":       text(&e.user, "user"),
		"credential": text(&e.credential, "credential"),
		"providers": func(t tree) {
			if p.want(t, listKind, "providers") {
				e.providers = p.strings(t, "a provider")
			}
		},
		"labels": func(t tree) {
			if p.want(t, mapKind, "labels") {
				e.labels = p.labels(t)
			}
		},
	}, "name, address, user, credential, providers, labels")
	e.bad = len(p.diags) > before
	return e
}

func (p *treeParser) strings(t tree, what string) []scalar {
	var out []scalar
	for _, item := range t.items {
		if p.want(item, textKind, what) {
			out = append(out, scalar{item.text, item.at})
		}
	}
	return out
}

func (p *treeParser) labels(t tree) [][2]scalar {
	var out [][2]scalar
	seen := map[string]bool{}
	for _, kv := range t.pairs {
		if seen[kv.key.text] {
			p.fail(kv.key.at, "remove one of them", "the label %s comes twice", show(kv.key.text))
			continue
		}
		seen[kv.key.text] = true
		if p.want(kv.value, textKind, "the value of label "+show(kv.key.text)) {
			out = append(out, [2]scalar{kv.key, {kv.value.text, kv.value.at}})
		}
	}
	return out
}
