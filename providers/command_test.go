package providers

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	_ "github.com/ringfence/ringfence/internal/sameseed"
)

var example = Description{
	Name: "apt", Version: "1.0", Connection: ConnectHost,
	Commands: []Command{
		{Name: "install", Argv: []string{"env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--", "{pkgver...}"}, Root: true, Mutates: true},
		{Name: "list", Argv: []string{"dpkg-query", "-W", `-f=${Package}\t${Version}\n`}},
		{Name: "show", Argv: []string{"apt-cache", "show", "{package}", "{arch}"}},
	},
}

func TestExpand(t *testing.T) {
	for _, c := range []struct {
		command string
		args    map[string][]string
		want    []string
	}{
		{"list", nil, example.Commands[1].Argv},
		{"list", map[string][]string{}, example.Commands[1].Argv},
		{"show", map[string][]string{"package": {"g++"}, "arch": {"amd64"}}, []string{"apt-cache", "show", "g++", "amd64"}},
		{
			"install",
			map[string][]string{"pkgver": {"openssl=3.0.17-1~deb12u2", "libc6:i386=1:2.36-9+deb12u10"}},
			[]string{"env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--", "openssl=3.0.17-1~deb12u2", "libc6:i386=1:2.36-9+deb12u10"},
		},
	} {
		command, err := example.Command(c.command)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := command.Expand(c.args); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %v: %q, %v", c.command, c.args, got, err)
		}
	}
}

func TestExpandRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		command Command
		args    map[string][]string
	}{
		"a missing value":         {example.Commands[2], map[string][]string{"package": {"curl"}}},
		"an empty list":           {example.Commands[0], map[string][]string{"pkgver": {}}},
		"two values for one":      {example.Commands[2], map[string][]string{"package": {"curl", "vim"}, "arch": {"amd64"}}},
		"an argument too many":    {example.Commands[1], map[string][]string{"package": {"curl"}}},
		"an empty one too many":   {example.Commands[1], map[string][]string{"package": nil}},
		"a value without grammar": {Command{Name: "x", Argv: []string{"x", "{colour}"}}, map[string][]string{"colour": {"red"}}},
		"too many values":         {example.Commands[0], map[string][]string{"pkgver": slices.Repeat([]string{"curl=1"}, MaxValues+1)}},
	} {
		if argv, err := c.command.Expand(c.args); argv != nil || !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %q, %v", name, argv, err)
		}
	}
	if _, err := example.Command("remove"); !errors.Is(err, ErrRefused) {
		t.Errorf("an unknown command: %v", err)
	}
}

func TestGrammars(t *testing.T) {
	for name, values := range map[string]struct{ good, bad []string }{
		"package": {
			[]string{"openssl", "g++", "libstdc++6", "python3.11", "libc6:i386", "0ad"},
			[]string{"", "a", "-y", "OpenSSL", "a b", "curl-", "curl=1", "../x", "curl\n", "cu\x00rl", "cürl", "*", "curl:", "curl;id", strings.Repeat("a", 200)},
		},
		"version": {
			[]string{"1", "1.2.3-4+deb12u1", "1:2.3~rc1-1", "2025c-0+deb12u1", "1:2:3-4"},
			[]string{"", "-1", "a1", "1 ", "1_2", "1/2", "1:", ":1", "1-", "1+", "x:1", "1:2-", "1:2+", "1\t", "12345678901:1", strings.Repeat("1", 300)},
		},
		"pkgver": {
			[]string{"openssl=3.0.17-1~deb12u2", "libc6:i386=2.36-9"},
			[]string{"openssl", "openssl=", "=1", "-o=1", "openssl=1=2", "openssl==1", "openssl =1", "openssl=1 ", "--allow-downgrades", "openssl=1-"},
		},
		"arch": {[]string{"amd64", "kfreebsd-amd64", "all"}, []string{"", "-a", "64", "AMD64", "amd64\n"}},
	} {
		for _, v := range values.good {
			if !Grammars[name].MatchString(v) {
				t.Errorf("%q must be a %s", v, name)
			}
		}
		for _, v := range values.bad {
			if Grammars[name].MatchString(v) {
				t.Errorf("%q must be no %s", v, name)
			}
		}
	}
}

func TestValidate(t *testing.T) {
	if err := example.Validate(); err != nil {
		t.Fatalf("the example: %v", err)
	}
	for name, change := range map[string]func(*Description){
		"no name":                 func(d *Description) { d.Name = "" },
		"a name with a path":      func(d *Description) { d.Name = "../apt" },
		"no version":              func(d *Description) { d.Version = "" },
		"an unknown connection":   func(d *Description) { d.Connection = "telnet" },
		"commands without a host": func(d *Description) { d.Connection = ConnectNone },
		"two of a name":           func(d *Description) { d.Commands[1].Name = "install" },
		"unsorted":                func(d *Description) { d.Commands[0].Name = "z" },
		"no argv":                 func(d *Description) { d.Commands[0].Argv = nil },
		"a path":                  argv("/usr/bin/apt-get", "update"),
		"a placeholder program":   argv("{package}"),
		"a shell":                 argv("sh", "-c", "{package}"),
		"a shell by env":          argv("env", "A=b", "bash", "-c", "id"),
		"only env":                argv("env", "A=b"),
		"env with options":        argv("env", "-S", "sh -c id"),
		"env in env":              argv("env", "env", "sh"),
		"an interpreter":          argv("python3.11", "-c", "{package}"),
		"another user":            argv("sudo", "apt-get"),
		"an unknown grammar":      argv("apt-get", "{colour}"),
		"an embedded placeholder": argv("apt-get", "--target={version}"),
		"a repeated placeholder":  argv("apt-get", "{package}", "{package...}"),
		"a NUL":                   argv("apt-get", "a\x00b"),
		"too many":                func(d *Description) { d.Commands = slices.Repeat(d.Commands, 30) },
	} {
		d := example
		d.Commands = slices.Clone(example.Commands)
		change(&d)
		if err := d.Validate(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func argv(argv ...string) func(*Description) {
	return func(d *Description) { d.Commands[0].Argv = argv }
}

// TestWhatAGrammarAdmitsIsOneHarmlessArgument draws values from the grammars themselves.
func TestWhatAGrammarAdmitsIsOneHarmlessArgument(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(grammarNames()).Draw(t, "grammar")
		value := rapid.StringMatching(strings.NewReplacer(`\A`, "", `\z`, "").Replace(Grammars[name].String())).Draw(t, "value")
		harmless(t.Errorf, value)
	})
}

func harmless(report func(string, ...any), value string) {
	odd := strings.ContainsFunc(value, func(r rune) bool {
		return r > unicode.MaxASCII || unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune("\"'`$&;|<>()*?[]{}#!\\/%,@^", r)
	})
	if odd || value == "" || value[0] == '-' || len(value) > 1000 {
		report("%q would reach a host", value)
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("openssl=3.0.17-1~deb12u2", "curl", "1:2.3", "amd64")
	f.Add("-oDpkg::Pre-Invoke::=id", "--purge", "$(id)", "../..")
	f.Add("a\xffb=1", "curl\n", "1 || id", "")
	command := Command{Name: "x", Argv: []string{"x", "{pkgver...}", "--", "{package}", "{version}", "{arch}"}}
	f.Fuzz(func(t *testing.T, pkgver, name, version, arch string) {
		args := map[string][]string{"pkgver": {pkgver, "vim=1"}, "package": {name}, "version": {version}, "arch": {arch}}
		argv, err := command.Expand(args)
		if err != nil {
			if argv != nil || !errors.Is(err, ErrRefused) {
				t.Errorf("%q, %v", argv, err)
			}
			return
		}
		if !slices.Equal(argv, []string{"x", pkgver, "vim=1", "--", name, version, arch}) {
			t.Errorf("got %q", argv)
		}
		for _, value := range []string{pkgver, name, version, arch} {
			harmless(t.Errorf, value)
		}
	})
}
