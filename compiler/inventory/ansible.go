package inventory

import (
	"cmp"
	"maps"
	"slices"

	"github.com/ringfence/ringfence/compiler/diag"
)

// ansibleMeta is the key by which the JSON of `ansible-inventory --list` is known:
//
//	{"_meta": {"hostvars": {"web-1": {"ansible_host": "10.0.0.1"}}},
//	 "all": {"children": ["ungrouped", "web"]}, "web": {"hosts": ["web-1"]}}
//
// Groups become labels, a few variables become fields (see variable), and everything else is passed over: an inventory
// holds passwords, and what is not read cannot leak.
const ansibleMeta = "_meta"

// ansibleGroup begins the label of a host's group.
const ansibleGroup = "ansible_group_"

// maxGroupings bounds how many groups all hosts of a file are in: a chain of groups multiplies.
const maxGroupings = 500_000

// ansible is one inventory while it is read. Its parser stands beside each host, so that one mistake costs one host.
type ansible struct {
	treeParser
	hosts   map[string]*ansibleHost
	parents map[string][]string // of a group
	unnamed map[string]bool     // groups that cannot be labels
	secrets map[string][]diag.Range
	left    int // groupings that are still allowed
}

type ansibleHost struct {
	name   scalar
	vars   []pair
	groups []string // those that list it
}

func isAnsible(root tree) bool {
	return root.kind == mapKind && slices.ContainsFunc(root.pairs, func(p pair) bool { return p.key.text == ansibleMeta })
}

// readInventory reads JSON that must be an inventory.
func readInventory(f File) (tree, *diag.Diagnostic) {
	root, bad := readJSON(f)
	if bad == nil && !isAnsible(root) {
		d := diag.New(diag.BadHostsFile, "the file is no output of ansible-inventory --list: it has no %s", ansibleMeta).At(root.at).
			WithFix("write it with: ansible-inventory --list > inventory.json")
		bad = &d
	}
	return root, bad
}

func parseAnsible(root tree) ([]entry, diag.List) {
	a := &ansible{hosts: map[string]*ansibleHost{}, parents: map[string][]string{}, unnamed: map[string]bool{}, secrets: map[string][]diag.Range{}, left: maxGroupings}
	for _, p := range root.pairs {
		if p.key.text == ansibleMeta {
			a.meta(p.value)
		} else {
			a.group(p.key, p.value)
		}
	}
	if a.diags.HasErrors() { // of the whole file: without its groups a host may land in the wrong ring
		return nil, a.diags
	}
	out := make([]entry, 0, len(a.hosts))
	for _, name := range slices.Sorted(maps.Keys(a.hosts)) {
		out = append(out, a.entry(a.hosts[name]))
		if a.left < 0 {
			a.fail(root.at, "write the hosts as ringfence's own hosts file", "the hosts of the inventory are in more than %d groups", maxGroupings)
			return nil, a.diags
		}
	}
	a.warn()
	return out, a.diags
}

// meta reads the variables of hosts; a host that has none is named by its groups alone.
func (a *ansible) meta(t tree) {
	if !a.want(t, mapKind, ansibleMeta) {
		return
	}
	for _, p := range t.pairs {
		if p.key.text != "hostvars" || !a.want(p.value, mapKind, "hostvars") {
			continue
		}
		for _, h := range p.value.pairs {
			if a.want(h.value, mapKind, "the variables of a host") {
				host := a.host(h.key)
				host.name = h.key
				host.vars = append(host.vars, h.value.pairs...)
			}
		}
	}
}

func (a *ansible) host(name scalar) *ansibleHost {
	h, ok := a.hosts[name.text]
	if !ok {
		h = &ansibleHost{name: name}
		a.hosts[name.text] = h
	}
	return h
}

// group reads {"hosts": […], "children": […], "vars": {…}}, or the list of hosts that old inventory scripts print.
func (a *ansible) group(key scalar, t tree) {
	if name := ansibleGroup + key.text; !keyGrammar.MatchString(name) {
		d := diag.New(diag.BadHostsFile, "the group %s cannot be a label, so no ring can select it", show(key.text)).At(key.at).
			WithFix("letters, digits and _ . / -, at most 49")
		d.Severity = diag.Warning
		a.diags, a.unnamed[key.text] = append(a.diags, d), true
	}
	if t.kind == listKind {
		a.members(key, t)
		return
	}
	if !a.want(t, mapKind, "the group "+show(key.text)) {
		return
	}
	for _, p := range t.pairs {
		switch p.key.text {
		case "hosts":
			if a.want(p.value, listKind, "hosts") {
				a.members(key, p.value)
			}
		case "children":
			if a.want(p.value, listKind, "children") {
				for _, child := range a.strings(p.value, "a group") {
					a.parents[child.text] = append(a.parents[child.text], key.text)
				}
			}
		case "vars":
			a.groupVariables(key, p.value)
		}
	}
}

func (a *ansible) members(group scalar, t tree) {
	for _, name := range a.strings(t, "a host") {
		h := a.host(name)
		h.groups = append(h.groups, group.text)
	}
}

// groupVariables refuses variables that count here: which group's value a host gets is Ansible's to say.
func (a *ansible) groupVariables(group scalar, t tree) {
	for _, v := range t.pairs {
		if a.field(v.key.text) || ownVariable(v.key.text) {
			a.fail(v.key.at, "let Ansible resolve it: ansible-inventory --list without --export", "the group %s sets %s, not its hosts", show(group.text), show(v.key.text))
			return
		}
		a.noteSecret(v)
	}
}

// within are the groups that a host is in, by itself or through their children, sorted; cycles end.
func (a *ansible) within(h *ansibleHost) []string {
	seen := map[string]bool{}
	todo := slices.Clone(h.groups)
	for len(todo) > 0 && a.left >= 0 {
		g := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[g] {
			continue
		}
		seen[g] = true
		a.left -= 1 + len(a.parents[g])
		todo = append(todo, a.parents[g]...)
	}
	maps.DeleteFunc(seen, func(g string, _ bool) bool { return g == "all" || g == "ungrouped" || a.unnamed[g] })
	return slices.Sorted(maps.Keys(seen))
}

// entry makes a host of what Ansible knows of it.
func (a *ansible) entry(h *ansibleHost) entry {
	e := entry{at: h.name.at, name: &scalar{h.name.text, h.name.at}, ansible: true}
	before := len(a.diags)
	vars := a.variables(h, &e)
	e.bad = len(a.diags) > before
	e.address = vars.address(h.name)
	e.user = cmp.Or(vars.texts["ansible_user"], vars.texts["ansible_ssh_user"])
	e.credential = vars.texts[ownPrefix+"credential"]
	if own := vars.texts[ownPrefix+"name"]; own != nil {
		e.name = own
	}
	if site := vars.texts[ownPrefix+"site"]; site != nil {
		e.labels = append(e.labels, [2]scalar{{"site", site.at}, *site})
	}
	for _, g := range a.within(h) {
		e.labels = append(e.labels, [2]scalar{{ansibleGroup + g, h.name.at}, {"yes", h.name.at}})
	}
	a.twice(&e)
	return e
}

// twice finds a label that comes from two variables.
func (a *ansible) twice(e *entry) {
	seen := map[string]bool{}
	for _, l := range e.labels {
		if seen[l[0].text] {
			a.fail(l[0].at, "remove one of them", "the label %s comes twice", show(l[0].text))
			e.bad = true
		}
		seen[l[0].text] = true
	}
}
