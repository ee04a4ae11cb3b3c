package read

import (
	"reflect"
	"testing"
	"testing/fstest"

	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/repository"
)

// TestPlainSettingsAreTheLoaders: the short way says what CUE's loader says, positions included, or leaves it to it.
func TestPlainSettingsAreTheLoaders(t *testing.T) {
	const head = "package ringfence\n\nimport \"ringfence.dev/policy\"\n\n"
	for name, tt := range map[string]struct {
		text  string
		plain bool
	}{
		"the scaffold's":    {head + "providers: policy.#Providers\n", true},
		"all of it":         {head + "policy.#Settings\nproviders: acme: {path: \"/opt/acme\", config: region: \"eu\"}\nledger: {remote: \"origin\", signed: true}\ncontrol: unhalt: approvers: 2\nbreaker: hosts: 3\n", true},
		"no package":        {"ledger: remote: \"origin\"\n", true},
		"computed":          {"package ringfence\n\nlet n = 1 + 1\nbreaker: hosts: n\nproviders: {for x in [\"a\", \"b\"] {(x): path: \"/opt/\\(x)\"}}\n", true},
		"another name":      {"package ringfence\n\nimport p \"ringfence.dev/policy\"\n\nproviders: p.#Providers\n", true},
		"nothing":           {"package ringfence\n", true},
		"a standard module": {"package ringfence\n\nimport \"strings\"\n\nledger: remote: strings.ToLower(\"ORIGIN\")\n", false},
		"its own package":   {"package ringfence\n\nimport \"msp.example/patches/baseline\"\n\nledger: baseline.ledger\n", false},
		"another version":   {"package ringfence\n\nimport \"ringfence.dev/policy@v0\"\n\nproviders: policy.#Providers\n", false},
		"unknown":           {head + "policy.#Settings\nledgers: remote: \"origin\"\n", false},
		"a value":           {"package ringfence\n\nledger: remote: 7\n", false},
		"not in it":         {head + "providers: policy.#Tenants\n", false},
		"of the rest":       {head + "_t: policy.#Ring\n", false},
		"asked for":         {head + "if policy.#Ring != _|_ {breaker: hosts: 5}\n", false},
		"by a detour":       {head + "let p = policy\nif p.#Ring != _|_ {breaker: hosts: 5}\n", false},
		"by a string":       {head + "if policy[\"#Ring\"] != _|_ {breaker: hosts: 5}\n", false},
		"unused":            {head, false},
		"twice":             {"package ringfence\n\nbreaker: hosts: 1\nbreaker: hosts: 2\n", false},
		"no syntax":         {"package ringfence\n\nledger: {\n", false},
		"open":              {"package ringfence\n\nbreaker: hosts: int\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			repo := fstest.MapFS{
				repository.SettingsFile: {Data: []byte(tt.text)}, "baseline/b.cue": {Data: []byte("package baseline\n\nledger: remote: \"origin\"\n")},
				"cue.mod/module.cue": {Data: []byte("module: \"msp.example/patches@v0\"\nlanguage: version: \"v0.17.0\"\n")},
			}
			overlay, broken := load.NewOverlay(repo)
			if len(broken) > 0 {
				t.Fatal(broken)
			}
			plain, ok := plainSettings(load.New(repo, overlay, ""))
			loaded, diags := loadSettings(load.New(repo, overlay, ""))
			if ok != tt.plain {
				t.Errorf("the short way: %v, want %v", ok, tt.plain)
			}
			if ok && (len(diags) > 0 || !reflect.DeepEqual(plain, loaded)) {
				t.Errorf("the short way says %+v, the loader %+v, %v", plain, loaded, diags)
			}
		})
	}
}
