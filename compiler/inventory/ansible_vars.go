package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/suggest"
)

// ownPrefix begins the variables by which an inventory speaks to ringfence.
const ownPrefix = "ringfence_"

// ownLabel begins a variable that is a label: ringfence_label_tier.
const ownLabel = ownPrefix + "label_"

// taken are the variables that become fields of a host. The ssh_ forms are Ansible's older names.
var taken = []string{
	"ansible_host", "ansible_port", "ansible_user", "ansible_ssh_host", "ansible_ssh_port", "ansible_ssh_user",
	ownPrefix + "credential", ownPrefix + "name", ownPrefix + "site",
}

// listed are those that hold more than a word.
var listed = []string{ownPrefix + "providers", ownPrefix + "labels"}

func (a *ansible) field(name string) bool { return slices.Contains(taken, name) }

func ownVariable(name string) bool { return strings.HasPrefix(name, ownPrefix) }

// ansibleVars are one host's variables that are single words.
type ansibleVars struct{ texts map[string]*scalar }

// variables reads what counts of a host's variables; lists and labels go straight into the entry.
func (a *ansible) variables(h *ansibleHost, e *entry) ansibleVars {
	out := ansibleVars{texts: map[string]*scalar{}}
	for _, v := range h.vars {
		switch name := v.key.text; {
		case a.field(name):
			if s, ok := a.word(v); ok {
				out.texts[name] = &s
			}
		case name == ownPrefix+"providers":
			a.providers(v, e)
		case name == ownPrefix+"labels":
			if a.want(v.value, mapKind, name) {
				e.labels = append(e.labels, a.labels(v.value)...)
			}
		case strings.HasPrefix(name, ownLabel):
			if s, ok := a.word(v); ok {
				e.labels = append(e.labels, [2]scalar{{strings.TrimPrefix(name, ownLabel), v.key.at}, s})
			}
		case ownVariable(name):
			known := append(slices.Clone(taken[len(taken)-3:]), listed...)
			a.fail(v.key.at, "variables that ringfence knows: "+strings.Join(known, ", ")+", "+ownLabel+"<key>",
				"unknown variable %s%s", show(name), suggest.Tail(name, known))
		default:
			a.noteSecret(v)
		}
	}
	return out
}

// word reads a variable that must be one plain word. Values are never shown: Ansible keeps secrets among them.
func (a *ansible) word(v pair) (scalar, bool) {
	t := plainest(v.value)
	name := show(v.key.text)
	switch {
	case t.kind == otherKind && t.number != "" && strings.HasSuffix(v.key.text, "port"):
		return scalar{t.number, t.at}, true
	case t.kind == mapKind && vaulted(t), strings.HasPrefix(t.text, vaultHeader):
		a.fail(t.at, "write it in clear, or keep it out of the inventory", "%s is encrypted with Ansible Vault, which is not read", name)
	case t.kind != textKind:
		a.fail(t.at, "put it in quotes", "%s must be %s", name, textKind)
	case strings.Contains(t.text, "{{"):
		a.fail(t.at, "ansible-inventory prints templates as they are: give the host the value itself", "%s is a template", name)
	case t.text != "":
		return scalar{t.text, t.at}, true
	}
	return scalar{}, false
}

// providers reads a list, or one word with commas as in an INI inventory.
func (a *ansible) providers(v pair, e *entry) {
	if t := plainest(v.value); t.kind == listKind {
		e.providers = a.strings(t, "a provider")
		return
	}
	if s, ok := a.word(v); ok {
		for _, p := range strings.Split(s.text, ",") {
			e.providers = append(e.providers, scalar{strings.TrimSpace(p), s.at})
		}
	}
}

// plainest unwraps a string that Ansible marked as not to be expanded.
func plainest(t tree) tree {
	if t.kind == mapKind && len(t.pairs) == 1 && t.pairs[0].key.text == "__ansible_unsafe" {
		return t.pairs[0].value
	}
	return t
}

const vaultHeader = "$ANSIBLE_VAULT;"

func vaulted(t tree) bool {
	return slices.ContainsFunc(t.pairs, func(p pair) bool { return p.key.text == "__ansible_vault" })
}

// address is where Ansible connects to: by default the host's name.
func (v ansibleVars) address(name scalar) *scalar {
	host, port := v.texts["ansible_host"], v.texts["ansible_port"]
	if host == nil {
		host = v.texts["ansible_ssh_host"]
	}
	if host == nil {
		host = &name
	}
	if port == nil {
		port = v.texts["ansible_ssh_port"]
	}
	switch {
	case port == nil:
		return host
	case isV6(host.text):
		return &scalar{"[" + host.text + "]:" + port.text, port.at}
	}
	return &scalar{host.text + ":" + port.text, port.at}
}

// noteSecret remembers a password that stands in clear. Its value is not looked at beyond its form.
func (a *ansible) noteSecret(v pair) {
	if v.value.kind == textKind && v.value.text != "" && secretName(v.key.text) && !strings.HasPrefix(v.value.text, vaultHeader) && !strings.Contains(v.value.text, "{{") {
		a.secrets[v.key.text] = append(a.secrets[v.key.text], v.key.at)
	}
}

var secretWords = []string{"password", "passwd", "_pass", "passphrase", "secret", "token", "api_key", "apikey", "private_key"}

// secretName tells by its name what is meant to be secret; a file's path is not.
func secretName(name string) bool {
	low := strings.ToLower(name)
	return !strings.HasSuffix(low, "_file") && slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(low, w) })
}

// warn names each secret once. It is not read, but whoever may read the repository may read it.
func (a *ansible) warn() {
	for _, name := range slices.Sorted(maps.Keys(a.secrets)) {
		at := a.secrets[name]
		of := "a host"
		if len(at) > 1 {
			of = fmt.Sprintf("%d hosts", len(at))
		}
		d := diag.New(diag.SecretInHosts, "the inventory holds %s of %s in clear", show(name), of).At(at[0]).
			WithFix("it was not read; take it out before the file is committed, or encrypt it with Ansible Vault")
		d.Severity = diag.Warning
		a.diags = append(a.diags, d)
	}
}
