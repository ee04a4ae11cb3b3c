package inventory

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	_ "github.com/ringfence/ringfence/internal/sameseed"
)

var known = []string{"apt", "clamav", "sim"}

// The same two hosts in the three formats.
const (
	asYAML = `hosts:
  - name: web-1
    address: 10.20.0.11:2222
    user: patch
    credential: web-admin
    providers: [apt]
    labels: {tier: pilot, site: ber}
  - {name: web-2, providers: [apt]}
`
	asJSON = `{"hosts": [
	{"name": "web-1", "address": "10.20.0.11:2222", "user": "patch", "credential": "web-admin", "providers": ["apt"], "labels": {"tier": "pilot", "site": "ber"}},
	{"name": "web-2", "providers": ["apt"]}
]}
`
	asCSV = `name,address,user,credential,providers,labels,labels.site
web-1,10.20.0.11:2222,patch,web-admin,apt,tier=pilot,ber
web-2,,,,apt,,
`
)

func TestFormatsAgree(t *testing.T) {
	want := []policy.Host{
		{
			Name: "web-1", Address: "10.20.0.11:2222", User: "patch", Credential: "web-admin", Providers: []string{"apt"},
			Labels: []policy.Label{{Key: "site", Value: "ber"}, {Key: "tier", Value: "pilot"}},
		},
		{Name: "web-2", Providers: []string{"apt"}, Labels: []policy.Label{}},
	}
	for name, text := range map[string]string{"h.yaml": asYAML, "h.yml": asYAML, "h.json": asJSON, "h.csv": asCSV} {
		got, diags := ReadHosts([]File{{Path: name, Data: []byte(text)}}, known)
		if len(diags) > 0 {
			t.Errorf("%s: %v", name, diags)
		}
		for i := range got {
			got[i].Source = ""
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read %+v", name, got)
		}
	}
}

func TestSourcesPointAtNames(t *testing.T) {
	for name, text := range map[string]string{"h.yaml": asYAML, "h.json": asJSON, "h.csv": asCSV} {
		got, _ := ReadHosts([]File{{Path: name, Data: []byte(text)}}, known)
		for _, h := range got {
			var line, column int
			if _, err := fmt.Sscanf(strings.TrimPrefix(h.Source, name+":"), "%d:%d", &line, &column); err != nil {
				t.Fatal(err)
			}
			rest := strings.Split(text, "\n")[line-1][column-1:]
			if !strings.HasPrefix(strings.TrimPrefix(rest, `"`), h.Name) {
				t.Errorf("%s: %s is at %q", h.Source, h.Name, rest)
			}
		}
	}
}

// TestColumnsAreBytes: yaml counts characters, diagnostics count bytes.
func TestColumnsAreBytes(t *testing.T) {
	_, diags := ReadHosts([]File{{Path: "h.yaml", Data: []byte("hosts:\n  - {name: web-1, user: \"jürgen\", providers: [nope]}\n")}}, known)
	if len(diags) != 2 || diags[1].Range.Start != (diag.Pos{Line: 2, Column: 48}) {
		t.Errorf("%v", diags)
	}
}

func TestDuplicateAcrossFiles(t *testing.T) {
	one := File{Path: "one.yaml", Data: []byte("hosts:\n  - {name: a, providers: [apt]}\n")}
	two := File{Path: "two.csv", Data: []byte("name,providers\na,apt\n")}
	hosts, diags := ReadHosts([]File{one, two}, known)
	if len(hosts) != 1 || len(diags) != 1 || diags[0].Code != diag.DuplicateHost || diags[0].Related[0].Range.String() != "one.yaml:2:12" {
		t.Errorf("%v %v", hosts, diags)
	}
}

func TestAddresses(t *testing.T) {
	for _, good := range []string{"10.0.0.1", "10.0.0.1:22", "web-1", "web-1.example.com.", "web_1:2222", "::1", "[::1]", "[2001:db8::1]:22"} {
		if err := ValidAddress(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "-web", "a b", "a\tb", "a;b", "a$b", "user@host", "host:", "host:0", "host:65536", "host:+22", "host:22:22", "[::1", "[::1]22",
		"[host]:22", "fe80::1%eth0", "[::1]:", "a..b", "a/b", "ho\x00st", "höst", strings.Repeat("a", 64), strings.Repeat("a.", 200) + "a",
	} {
		if ValidAddress(bad) == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

// TestAddressesAreSafe: whatever passes can stand in an argument list as it is.
func TestAddressesAreSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[-a-zA-Z0-9.:\[\]_@ %;$"'\n\\/]{0,20}`).Draw(t, "address")
		if ValidAddress(s) == nil && (s[0] == '-' || strings.ContainsAny(s, " @%;$\"'\n\\/")) {
			t.Fatalf("%q passes", s)
		}
	})
}

func TestYAMLIsStrict(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "h.yaml: the file is empty",
		"hosts:\n":                         "h.yaml:1:7: hosts must be a list",
		"[]\n":                             "h.yaml:1:1: a hosts file must be a mapping",
		"hosts: []\nhosts: []\n":           `h.yaml:2:1: the key "hosts" comes twice`,
		"hosts: []\n---\nhosts: []\n":      "h.yaml:2:1: the file holds more than one YAML document",
		"hosts: [{name: a, name: b}]\n":    `h.yaml:1:19: the key "name" comes twice`,
		"hosts: [&x {name: a}, *x]\n":      "h.yaml:1:9: anchors and aliases are refused in hosts files",
		"hosts: [{<<: {name: a}}]\n":       `h.yaml:1:10: unknown key "<<"`,
		"hosts: [{providers: [apt]}]\n":    "h.yaml:1:9: a host has no name",
		"hosts: [{name: a}]\n":             "h.yaml:1:9: a host names no provider, so nothing would ever look at it",
		"hosts: [{name: 1}]\n":             "h.yaml:1:16: name must be a string",
		"all: {hosts: {}}\n":               `h.yaml:1:1: unknown key "all"`,
		"hosts: [{name: !!binary aGk=}]\n": "h.yaml:1:16: name must be a string",
	} {
		_, diags := ReadHosts([]File{{Path: "h.yaml", Data: []byte(text)}}, known)
		if len(diags) != 1 || !strings.HasSuffix(diags[0].Error(), ": "+want) {
			t.Errorf("%q: %v, want %s", text, diags, want)
		}
	}
}

// TestSecretsAreRefused: one diagnostic of their own, which does not show them.
func TestSecretsAreRefused(t *testing.T) {
	for _, text := range []string{
		"credential: \"-----BEGIN OPENSSH PRIVATE KEY-----hunter2\"", "credential: aHVudGVyMg0naHVudGVyMg0naHVudGVyMg0naHVudGVyMg", "credential: hunter2!",
		"password: hunter2", "become_pass: hunter2", "api_token: hunter2",
	} {
		_, diags := ReadHosts([]File{{Path: "h.yaml", Data: []byte("hosts: [{name: a, providers: [apt], " + text + "}]\n")}}, known)
		if len(diags) != 1 || diags[0].Code != diag.SecretInHosts || strings.Contains(fmt.Sprint(diags), "hunter2") || strings.Contains(fmt.Sprint(diags), "aHVu") {
			t.Errorf("%s: %v", text, diags)
		}
	}
}

// FuzzHosts: whatever a file holds, reading ends, says the same twice, points inside the file, and lets no host
// through whose words could do harm.
func FuzzHosts(f *testing.F) {
	f.Add(asYAML, uint8(0))
	f.Add(asJSON, uint8(1))
	f.Add(asCSV, uint8(2))
	f.Add(asAnsible, uint8(1))
	f.Add("a: &a [x]\nb: *a\n", uint8(0))
	f.Add("{\"hosts\":[{\"name\":\"a\",\"name\":1e999}]} x", uint8(1))
	f.Add("\ufeffname,providers\n\"a\nb\",apt\n", uint8(2))
	f.Fuzz(func(t *testing.T, text string, format uint8) {
		file := File{Path: []string{"h.yaml", "h.json", "h.csv"}[format%3], Data: []byte(text)}
		hosts, diags := ReadHosts([]File{file}, known)
		again, diagsAgain := ReadHosts([]File{file}, known)
		if !reflect.DeepEqual(hosts, again) || !reflect.DeepEqual(diags, diagsAgain) {
			t.Fatal("two readings differ")
		}
		for _, h := range hosts {
			if !hostGrammar.MatchString(h.Name) || h.Address != "" && ValidAddress(h.Address) != nil || len(h.Providers) == 0 || !siteGrammar.MatchString(h.Site()) {
				t.Fatalf("let through %+v", h)
			}
		}
		lines := strings.Split(text, "\n")
		for _, d := range diags {
			pos := d.Range.Start
			if d.Range.File != file.Path || pos.Line > len(lines) || pos.Line > 0 && (pos.Column < 1 || pos.Column > len(lines[pos.Line-1])+1) {
				t.Fatalf("%v is no place in %q", d, text)
			}
			if strings.ContainsAny(d.Summary, "\x00\x1b\n\r") {
				t.Fatalf("raw bytes in %q", d.Summary)
			}
		}
	})
}

// TestBombs: files at the size limit that a parser could choke on are refused, not expanded.
func TestBombs(t *testing.T) {
	const size = 1 << 20
	for name, text := range map[string]string{
		"nested lists": strings.Repeat("[", size), "nested maps": strings.Repeat("{a: ", size/4), "nested blocks": strings.Repeat("- ", size/2),
		"one key": "hosts: " + strings.Repeat("x", size), "quotes": "hosts: \"" + strings.Repeat("\\", size), "colons": strings.Repeat("a: ", size/3),
		"documents": strings.Repeat("---\n", size/4), "tags": strings.Repeat("!a ", size/3), "anchors": strings.Repeat("&a ", size/3),
		"long provider": "hosts: [{name: a, providers: [" + strings.Repeat("p", size) + "]}]", "long column": strings.Repeat("p", size),
		"broken late": asYAML + strings.Repeat("  - {name: x, providers: [apt]}\n", size/40) + "  - [",
	} {
		for _, file := range []string{"h.yaml", "h.json", "h.csv"} {
			if hosts, diags := ReadHosts([]File{{Path: file, Data: []byte(text)}}, known); len(hosts) > 2 || !diags.HasErrors() {
				t.Errorf("%s, %s: %d hosts, %v", name, file, len(hosts), diags)
			}
		}
	}
}

// TestValues: what a label's value may be is what a regular expression would say, which costs too much to use.
func TestValues(t *testing.T) {
	grammar := regexp.MustCompile(`^[\pL\pN][\pL\pN _.:/@+=,-]{0,126}$`)
	for _, s := range []string{"", "a", "Ω", " a", "a b", "a\n", "a\xff", "\xff", "½", "a½", "-", "a-", "é", "e\u0301", strings.Repeat("Ω", 127), strings.Repeat("Ω", 128), "a\u00a0b", "١"} {
		if got, want := validValue(s), grammar.MatchString(s); got != want {
			t.Errorf("%q: %v, not %v", s, got, want)
		}
	}
}
