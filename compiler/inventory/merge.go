package inventory

import (
	"maps"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// Source is what is to be imported. Ansible: it is an inventory, so labels of groups are its alone.
type Source struct {
	Hosts   []policy.Host
	Ansible bool
}

// ReadSource reads hosts that are to be imported. Format overrides the extension: yaml, json, csv or ansible. Unlike in
// a hosts file, a host may name no provider: Merge gives it some.
func ReadSource(f File, format string, providers []string) (Source, diag.List) {
	b := newBuilder(providers)
	b.bare = true
	b.read(f, format)
	hosts, list := b.done()
	return Source{hosts, b.ansible}, list
}

// FieldChange is one field of a host before and after; "" is none. Lists and labels are one word each.
type FieldChange struct {
	Field string `json:"field"` // address, user, credential, providers or labels.<key>
	From  string `json:"from"`
	To    string `json:"to"`
}

// HostChange is what an import does to a host. Fields are in the order in which a hosts file has them.
type HostChange struct {
	Host   string        `json:"host"`
	Change Change        `json:"change"`
	Fields []FieldChange `json:"fields"`
}

// Change says what becomes of a host.
type Change string

// The changes. Absent is none: the source does not have the host, and nobody said that this removes it.
const (
	Added   Change = "added"
	Changed Change = "changed"
	Removed Change = "removed"
	Absent  Change = "absent"
)

// MergeOptions say how to merge. Providers are for new hosts of the source that name none.
type MergeOptions struct {
	Providers []string
	Prune     bool
}

// Merge returns the hosts as they are after the import, and what that changes, both sorted by name. What the source says
// of a host wins; what it does not mention stays as it is. Labels of groups are an inventory's alone, so that a host
// that left a group leaves its ring. Merging the same source again changes nothing.
func Merge(old []policy.Host, source Source, o MergeOptions) ([]policy.Host, []HostChange) {
	before, out := map[string]policy.Host{}, map[string]policy.Host{}
	for _, h := range old {
		before[h.Name], out[h.Name] = h, h
	}
	changes := []HostChange{}
	for _, s := range source.Hosts {
		was, known := before[s.Name]
		is := o.merge(was, s, source.Ansible)
		out[s.Name] = is
		if fields := differences(was, is); !known {
			changes = append(changes, HostChange{s.Name, Added, fields})
		} else if len(fields) > 0 {
			changes = append(changes, HostChange{s.Name, Changed, fields})
		}
		delete(before, s.Name)
	}
	for name, h := range before {
		if !o.Prune {
			changes = append(changes, HostChange{name, Absent, []FieldChange{}})
			continue
		}
		delete(out, name)
		changes = append(changes, HostChange{name, Removed, differences(h, policy.Host{})})
	}
	slices.SortFunc(changes, func(a, b HostChange) int { return strings.Compare(a.Host, b.Host) })
	hosts := slices.AppendSeq([]policy.Host{}, maps.Values(out))
	sortHosts(hosts)
	return hosts, changes
}

func (o MergeOptions) merge(was, source policy.Host, ansible bool) policy.Host {
	out := source
	if out.Address == "" {
		out.Address = was.Address
	}
	if out.User == "" {
		out.User = was.User
	}
	if out.Credential == "" {
		out.Credential = was.Credential
	}
	if len(out.Providers) == 0 {
		out.Providers = was.Providers
	}
	if len(out.Providers) == 0 {
		out.Providers = slices.Sorted(slices.Values(o.Providers))
	}
	out.Labels = slices.Clone(source.Labels)
	for _, l := range was.Labels {
		gone := ansible && strings.HasPrefix(l.Key, ansibleGroup)
		if !gone && !slices.ContainsFunc(out.Labels, func(s policy.Label) bool { return s.Key == l.Key }) {
			out.Labels = append(out.Labels, l)
		}
	}
	sortLabels(out.Labels)
	return out
}

// inOrder are the fields beside the labels, which follow them by key.
var inOrder = []string{"address", "user", "credential", "providers"}

func fields(h policy.Host) map[string]string {
	out := map[string]string{"address": h.Address, "user": h.User, "credential": h.Credential, "providers": strings.Join(h.Providers, ", ")}
	for _, l := range h.Labels {
		out[labelColumn+l.Key] = l.Value
	}
	return out
}

func differences(was, is policy.Host) []FieldChange {
	from, to := fields(was), fields(is)
	labels := map[string]bool{}
	for _, l := range slices.Concat(was.Labels, is.Labels) {
		labels[labelColumn+l.Key] = true
	}
	out := []FieldChange{}
	for _, n := range slices.Concat(inOrder, slices.Sorted(maps.Keys(labels))) {
		if from[n] != to[n] {
			out = append(out, FieldChange{n, from[n], to[n]})
		}
	}
	return out
}
