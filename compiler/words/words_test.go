package words

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/policy"
)

var update = flag.Bool("update", false, "write the golden files")

// silent are the fields that no sentence tells, and why.
var silent = map[string]string{
	"Tenant.APIVersion": "the version of the document",
	"Tenant.Kind":       "the name of the document",
	"Host.Address":      "where a host is reached decides nothing",
	"Host.User":         "as whom a host is reached decides nothing",
	"Host.Credential":   "with which key a host is reached decides nothing",
	"Host.Source":       "for diagnostics; it stands in no document",
	"Event.Source":      "the window or freeze has the place",
	"Module.Text":       "Rego is read as it is; the file is named",
}

// TestEveryFieldHasASentence takes every field of the policy away, one by one, and expects other words. A field that is
// new fails here until the sample has a value for it and this package a sentence.
func TestEveryFieldHasASentence(t *testing.T) {
	s := sample()
	w := &walker{t: s, base: words(t, s), seen: map[string]bool{}, told: map[string]bool{}}
	w.walk(t, reflect.ValueOf(s).Elem())
	for _, f := range fieldsOf(reflect.TypeFor[policy.Tenant](), map[reflect.Type]bool{}) {
		_, hushed := silent[f]
		switch {
		case hushed && w.told[f]:
			t.Errorf("%s is told, and listed as not told", f)
		case hushed || w.told[f]:
		case !w.seen[f]:
			t.Errorf("%s is set nowhere in the sample: add a value to sample_test.go and a sentence to this package", f)
		default:
			t.Errorf("%s changes no sentence: add one to this package, or list it in silent with the reason", f)
		}
	}
}

// walker takes away what is set.
type walker struct {
	t          *policy.Tenant
	base       []byte
	seen, told map[string]bool
}

func (w *walker) walk(t *testing.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			w.walk(t, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			w.walk(t, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); !f.IsZero() {
				w.without(t, v.Type().Name()+"."+v.Type().Field(i).Name, f)
				w.walk(t, f)
			}
		}
	}
}

func (w *walker) without(t *testing.T, name string, f reflect.Value) {
	w.seen[name] = true
	kept := reflect.New(f.Type()).Elem()
	kept.Set(f)
	f.SetZero()
	if !bytes.Equal(words(t, w.t), w.base) {
		w.told[name] = true
	}
	f.Set(kept)
}

// fieldsOf names the fields of a struct and of all that it is made of, each type once.
func fieldsOf(typ reflect.Type, done map[reflect.Type]bool) (out []string) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || done[typ] {
		return nil
	}
	done[typ] = true
	for i := range typ.NumField() {
		out = append(out, typ.Name()+"."+typ.Field(i).Name)
		out = append(out, fieldsOf(typ.Field(i).Type, done)...)
	}
	return out
}

func words(t *testing.T, p *policy.Tenant) []byte {
	t.Helper()
	d := Describe(p, sampleAt)
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestFreezeAtMidnight: a reader in UTC is told the right day.
func TestFreezeAtMidnight(t *testing.T) {
	p := &policy.Tenant{Timezone: "Europe/Berlin", Freezes: []policy.Freeze{{Name: "a", Starts: "2026-12-01T00:00", Ends: "2026-12-02T12:00", Reason: "r"}}}
	want := "From Tue 1 Dec 2026 00:00 Europe/Berlin, Mon 23:00 UTC, to Wed 2 Dec 2026 12:00 Europe/Berlin, 11:00 UTC, nothing is installed."
	if got := string(words(t, p)); !strings.Contains(got, want) {
		t.Errorf("got %s\nwant it to hold %s", got, want)
	}
}

// TestNothingIsToldTwice: a provider that several hosts share, and a fallback that is the anchor itself.
func TestNothingIsToldTwice(t *testing.T) {
	first := policy.Approve{Anchor: policy.FirstSeen, Fallback: policy.FirstSeen}
	until := policy.Approve{Anchor: policy.Released, Fallback: policy.Released, Until: "2026-11-30"}
	hosts := []policy.Host{{Name: "a", Providers: []string{"apt"}}, {Name: "b", Providers: []string{"apt", "sim"}}, {Name: "c"}}
	for got, want := range map[string]string{
		approve(first):              "is approved as soon as a scan saw it missing",
		approve(until):              "is approved if its vendor released it by the end of Mon 30 Nov 2026; where that is not known, it waits",
		describer{}.hostList(hosts): "3 hosts now, patched by apt, nothing and sim: a, b, c",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestGolden is for the eye: the sample as a person reads it.
func TestGolden(t *testing.T) {
	d := Describe(sample(), sampleAt)
	var text, markdown bytes.Buffer
	if err := d.Text(&text); err != nil {
		t.Fatal(err)
	}
	if err := d.Markdown(&markdown); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"testdata/sample.txt": text.Bytes(), "testdata/sample.md": markdown.Bytes()} {
		if *update {
			if err := os.WriteFile(name, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs: look at it with -update (%v)", name, err)
		}
	}
}

// TestForeignTextIsTamed: a reason is free text, and the words go into terminals and pull requests.
func TestForeignTextIsTamed(t *testing.T) {
	p := sample()
	p.Freezes[0].Reason = "\x1b[2J <script> @everyone\n# title"
	d := Describe(p, sampleAt)
	var text, markdown bytes.Buffer
	if d.Text(&text) != nil || d.Markdown(&markdown) != nil {
		t.Fatal("not written")
	}
	for _, live := range []string{"\x1b", "\n#"} {
		if strings.Contains(text.String(), live) {
			t.Errorf("%q is live in the text", live)
		}
	}
	for _, live := range []string{"\x1b", " <script", "@everyone", "\n# title"} {
		if strings.Contains(markdown.String(), live) {
			t.Errorf("%q is live in the Markdown", live)
		}
	}
}

// TestRolloutOrder: rings stand behind those that they wait for, and a circle ends.
func TestRolloutOrder(t *testing.T) {
	ring := func(name string, after ...string) policy.Ring {
		r := policy.Ring{Name: name}
		for _, a := range after {
			r.Requires = append(r.Requires, policy.Requirement{Ring: a})
		}
		return r
	}
	p := &policy.Tenant{Rings: []policy.Ring{ring("a", "c"), ring("b"), ring("c", "b"), ring("d", "e"), ring("e", "d")}}
	var got []string
	for _, r := range (describer{t: p}).rollout() {
		got = append(got, r.Name)
	}
	if want := []string{"b", "c", "a", "d", "e"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
