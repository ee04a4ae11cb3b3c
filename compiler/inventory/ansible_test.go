package inventory

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// asAnsible is what `ansible-inventory --list` prints: nested groups, hosts without variables, numbers, an unsafe
// string, a vault, and secrets.
const asAnsible = `{
    "_meta": {
        "hostvars": {
            "db-1": {
                "ansible_become_pass": "hunter2",
                "ansible_host": "2001:db8::5",
                "ansible_port": 2222,
                "ansible_password": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n3334\n"},
                "ansible_ssh_private_key_file": "/home/ops/.ssh/id_ed25519",
                "ansible_user": {"__ansible_unsafe": "patch"},
                "ringfence_label_tier": "prod",
                "ringfence_providers": ["apt"],
                "ringfence_site": "ber"
            },
            "web-1": {
                "ansible_become_pass": "hunter2",
                "ansible_ssh_host": "10.0.0.1",
                "http_port": 80,
                "ringfence_labels": {"tier": "pilot"},
                "ringfence_providers": "apt"
            },
            "Web_2": {"ringfence_name": "web-2", "ringfence_providers": "apt"}
        },
        "profile": "inventory_legacy"
    },
    "all": {"children": ["ungrouped", "linux"]},
    "databases": {"hosts": ["db-1"]},
    "linux": {"children": ["web", "databases"]},
    "ungrouped": {},
    "web": {"hosts": ["web-1", "Web_2"]}
}
`

func readAnsible(text string) ([]policy.Host, diag.List) {
	return ReadHosts([]File{{Path: "h.json", Data: []byte(text)}}, known)
}

func TestAnsible(t *testing.T) {
	got, diags := readAnsible(asAnsible)
	want := []policy.Host{
		{
			Name: "db-1", Address: "[2001:db8::5]:2222", User: "patch", Providers: []string{"apt"}, Source: "h.json:4:13",
			Labels: []policy.Label{{Key: "ansible_group_databases", Value: "yes"}, {Key: "ansible_group_linux", Value: "yes"}, {Key: "site", Value: "ber"}, {Key: "tier", Value: "prod"}},
		},
		{
			Name: "web-1", Address: "10.0.0.1", Providers: []string{"apt"}, Source: "h.json:15:13",
			Labels: []policy.Label{{Key: "ansible_group_linux", Value: "yes"}, {Key: "ansible_group_web", Value: "yes"}, {Key: "tier", Value: "pilot"}},
		},
		{
			Name: "web-2", Address: "Web_2", Providers: []string{"apt"}, Source: "h.json:22:41",
			Labels: []policy.Label{{Key: "ansible_group_linux", Value: "yes"}, {Key: "ansible_group_web", Value: "yes"}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v", got)
	}
	if len(diags) != 1 || diags.HasErrors() || diags[0].Code != diag.SecretInHosts || !strings.Contains(diags[0].Summary, `"ansible_become_pass" of 2 hosts`) {
		t.Errorf("%v", diags)
	}
}

// TestAnsibleNamesSecretsOnly: whatever is wrong with an inventory, no value of a variable that is not ours is shown.
func TestAnsibleNamesSecretsOnly(t *testing.T) {
	for _, text := range []string{
		asAnsible, strings.Replace(asAnsible, `"apt"]`, `"nope"]`, 1), strings.Replace(asAnsible, `"patch"`, `7`, 1),
		strings.ReplaceAll(asAnsible, `"hunter2"`, `"-----BEGIN hunter2"`), strings.Replace(asAnsible, `2222`, `"{{ hunter2 }}"`, 1),
	} {
		hosts, diags := readAnsible(text)
		if said := fmt.Sprintf("%+v %+v", hosts, diags); strings.Contains(said, "hunter2") || strings.Contains(said, "3334") {
			t.Errorf("a secret is in %s", said)
		}
	}
}

func TestAnsibleMistakes(t *testing.T) {
	const whole = `{"_meta": {"hostvars": {"a": {"ringfence_providers": ["apt"], %s}}}, "web": {"hosts": ["a"]%s}}`
	for name, c := range map[string]struct{ vars, group, want string }{
		"template":    {`"ansible_host": "{{ ip }}"`, "", `h.json:1:79: "ansible_host" is a template`},
		"vault":       {`"ansible_user": {"__ansible_vault": "x"}`, "", `h.json:1:79: "ansible_user" is encrypted with Ansible Vault, which is not read`},
		"typo":        {`"ringfence_provider": ["apt"]`, "", `h.json:1:63: unknown variable "ringfence_provider"; did you mean "ringfence_providers"?`},
		"port":        {`"ansible_port": 1e3`, "", `h.json:1:79: "a:1e3" cannot be an address: the port is not a number from 1 to 65535`},
		"two labels":  {`"ringfence_site": "x", "ringfence_labels": {"site": "y"}`, "", `h.json:1:81: the label "site" comes twice`},
		"export":      {`"x": 1`, `, "vars": {"ansible_user": "root"}`, `h.json:1:107: the group "web" sets "ansible_user", not its hosts`},
		"no provider": {`"ringfence_providers": []`, "", "h.json:1:25: a host names no provider, so nothing would ever look at it"},
	} {
		_, diags := readAnsible(fmt.Sprintf(whole, c.vars, c.group))
		if len(diags) != 1 || !strings.HasSuffix(diags[0].Error(), "]: "+c.want) {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

// TestAnsibleGroupsEnd: cycles end, a group that cannot be a label is said once, and a chain does not multiply for ever.
func TestAnsibleGroupsEnd(t *testing.T) {
	hosts, diags := readAnsible(`{"_meta": {}, "a": {"children": ["b"], "hosts": ["h", "i"]}, "b": {"children": ["a"]}, "o o": ["h", "i"]}`)
	if len(hosts) != 0 || len(diags) != 3 || diags[0].Severity != diag.Warning || diags[0].Summary != `the group "o o" cannot be a label, so no ring can select it` {
		t.Errorf("%v %v", hosts, diags)
	}
	if _, diags := readAnsible(`{"_meta": {"hostvars": {"a": {"ringfence_` + strings.Repeat("x", 1<<20) + `": 1}}}}`); len(diags) != 1 {
		t.Errorf("%.200v", diags)
	}
	var b strings.Builder
	b.WriteString(`{"_meta": {}`)
	for i := range 10_000 {
		fmt.Fprintf(&b, `, "g%d": {"children": ["g%d"]}`, i, i+1)
	}
	b.WriteString(`, "g10000": {"hosts": ["h0"`)
	for i := range 60_000 {
		fmt.Fprintf(&b, `, "h%d"`, i)
	}
	b.WriteString(`]}}`)
	if hosts, diags := readAnsible(b.String()); len(hosts) > 0 || len(diags) != 1 || !strings.Contains(diags[0].Summary, "more than 500000 groups") {
		t.Errorf("%d hosts, %.200v", len(hosts), diags)
	}
}
