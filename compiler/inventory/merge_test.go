package inventory

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/policy"
)

func bare(hosts []policy.Host) []policy.Host {
	out := slices.Clone(hosts)
	for i := range out {
		out[i].Source = ""
	}
	return out
}

const byHand = `# Our hosts.
hosts:
  - name: web-1 # the old one
    address: 10.0.0.1
    providers: [apt]
    labels: {tier: pilot, owner: "no"}
  # The database needs care.
  - name: db-1
    user: patch
    providers: [apt]
    labels: {tier: prod, ansible_group_db: "yes"}
`

func TestEditKeepsWhatIsThere(t *testing.T) {
	old, _ := ReadHosts([]File{{Path: "h.yaml", Data: []byte(byHand)}}, known)
	source := Source{Hosts: []policy.Host{
		{Name: "web-1", Address: "10.0.0.9", Labels: []policy.Label{{Key: "site", Value: "1.10"}}},
		{Name: "web-2", Address: "10.0.0.2", User: "patch", Labels: []policy.Label{{Key: "debug", Value: "yes"}}},
	}}
	want, changes := Merge(old, source, MergeOptions{Providers: []string{"apt"}})
	got, err := Edit([]byte(byHand), old, want)
	if err != nil {
		t.Fatal(err)
	}
	const file = `# Our hosts.
hosts:
  - name: web-1 # the old one
    address: 10.0.0.9
    providers: [apt]
    labels: {tier: pilot, owner: "no", site: "1.10"}
  # The database needs care.
  - name: db-1
    user: patch
    providers: [apt]
    labels: {tier: prod, ansible_group_db: "yes"}
  - name: web-2
    address: 10.0.0.2
    user: patch
    providers: [apt]
    labels: {debug: "yes"}
`
	if string(got) != file {
		t.Errorf("wrote\n%s", got)
	}
	if said := fmt.Sprint(changes); said != `[{db-1 absent []} {web-1 changed [{address 10.0.0.1 10.0.0.9} {labels.site  1.10}]} `+
		`{web-2 added [{address  10.0.0.2} {user  patch} {providers  apt} {labels.debug  yes}]}]` {
		t.Error(said)
	}
}

// TestMergeGroupsAreTheInventorys: a host that left a group loses its label; labels of people's own stay.
func TestMergeGroupsAreTheInventorys(t *testing.T) {
	old, _ := ReadHosts([]File{{Path: "h.yaml", Data: []byte(byHand)}}, known)
	want, _ := Merge(old, Source{[]policy.Host{{Name: "db-1"}}, true}, MergeOptions{Prune: true})
	if len(want) != 1 || !reflect.DeepEqual(want[0].Labels, []policy.Label{{Key: "tier", Value: "prod"}}) {
		t.Errorf("%+v", want)
	}
	if want, _ := Merge(old, Source{Hosts: []policy.Host{{Name: "db-1"}}}, MergeOptions{}); want[0].Label("ansible_group_db") != "yes" {
		t.Errorf("%+v", want)
	}
}

// TestImport: whatever is imported into whatever file, the file then holds the merged hosts, and again changes nothing.
func TestImport(t *testing.T) {
	value := rapid.SampledFrom([]string{"yes", "no", "1.10", "null", "0x1f", "2026-01-01", "pilot", "a b", "a: b", "=", "Ω"}).Filter(validValue)
	host := func(name string, t *rapid.T) policy.Host {
		h := policy.Host{Name: name, Providers: []string{"apt"}, Labels: []policy.Label{}}
		h.Address = rapid.SampledFrom([]string{"", "10.0.0.1", "[::1]:22", "host"}).Draw(t, "address")
		h.User = rapid.SampledFrom([]string{"", "root", "null", "no"}).Draw(t, "user")
		for _, k := range []string{"tier", "y", "ansible_group_web", "1"} {
			if rapid.Bool().Draw(t, k) {
				h.Labels = append(h.Labels, policy.Label{Key: k, Value: value.Draw(t, "value")})
			}
		}
		sortLabels(h.Labels)
		return h
	}
	draw := func(t *rapid.T, what string) []policy.Host {
		out := []policy.Host{}
		for _, n := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "no", "1", "1.5", "web-1", "null"}), rapid.ID).Draw(t, what) {
			out = append(out, host(n, t))
		}
		sortHosts(out)
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		o := MergeOptions{Prune: rapid.Bool().Draw(t, "prune")}
		ansible := rapid.Bool().Draw(t, "ansible")
		file := []byte{}
		for range 2 {
			old, _ := ReadHosts([]File{{Path: "h.yaml", Data: file}}, known)
			want, changes := Merge(old, Source{draw(t, "source"), ansible}, o)
			next, err := Edit(file, old, want)
			if err != nil {
				t.Fatal(err)
			}
			got, diags := ReadHosts([]File{{Path: "h.yaml", Data: next}}, known)
			if len(diags) > 0 || !reflect.DeepEqual(bare(got), bare(want)) {
				t.Fatalf("%v, %+v is not %+v in\n%s", diags, got, want, next)
			}
			again, more := Merge(got, Source{got, ansible}, o)
			if !reflect.DeepEqual(bare(again), bare(want)) || len(more) > 0 {
				t.Fatalf("%v of\n%s", more, next)
			}
			if len(changes) == 0 && len(file) > 0 {
				if same, _ := Edit(next, got, want); !strings.EqualFold(string(same), string(next)) {
					t.Fatalf("no changes, but\n%s\nbecame\n%s", next, same)
				}
			}
			file = next
		}
	})
}
