package inventory

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/compiler/policy"
)

// Edit brings a YAML hosts file from the hosts that it holds, which ReadHosts found in it, to those that it shall hold.
// It touches only what differs: comments, order and style stay, though blank lines may go. New hosts come last. Data may
// be empty. The same input gives the same bytes.
func Edit(data []byte, was, want []policy.Host) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("hosts file: %w", err)
	}
	if len(doc.Content) == 0 {
		doc = yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{{Kind: yaml.MappingNode}}, HeadComment: doc.HeadComment}
	}
	e := editor{was: byName(was), want: byName(want)}
	e.list(hostList(doc.Content[0]), want)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return nil, fmt.Errorf("hosts file: %w", err)
	}
	return out.Bytes(), enc.Close()
}

type editor struct{ was, want map[string]policy.Host }

func byName(hosts []policy.Host) map[string]policy.Host {
	out := make(map[string]policy.Host, len(hosts))
	for _, h := range hosts {
		out[h.Name] = h
	}
	return out
}

// hostList is the list under hosts, made where there is none.
func hostList(root *yaml.Node) *yaml.Node {
	list := value(root, "hosts")
	if list == nil {
		list = &yaml.Node{Kind: yaml.SequenceNode}
		root.Content = append(root.Content, word("hosts"), list)
	}
	if len(list.Content) == 0 {
		list.Style = 0 // [] is no style for what comes
	}
	return list
}

// list edits, removes and appends. Hosts that are new look like the first one.
func (e editor) list(list *yaml.Node, want []policy.Host) {
	style := yaml.Style(0)
	if len(list.Content) > 0 {
		style = list.Content[0].Style
	}
	list.Content = slices.DeleteFunc(list.Content, func(n *yaml.Node) bool {
		_, stays := e.want[textIn(value(n, "name"))]
		return !stays
	})
	for _, n := range list.Content {
		name := textIn(value(n, "name"))
		edit(n, differences(e.was[name], e.want[name]))
	}
	for _, h := range want {
		if _, old := e.was[h.Name]; !old {
			n := &yaml.Node{Kind: yaml.MappingNode, Style: style, Content: []*yaml.Node{word("name"), word(h.Name)}}
			edit(n, differences(policy.Host{}, h))
			list.Content = append(list.Content, n)
		}
	}
}

// edit brings one host to the new values of its fields.
func edit(n *yaml.Node, changes []FieldChange) {
	for _, c := range changes {
		key, label := strings.CutPrefix(c.Field, labelColumn)
		switch {
		case label:
			labels := value(n, "labels")
			if labels == nil {
				labels = &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
				set(n, "labels", labels)
			}
			set(labels, key, word(c.To))
		case key == "providers":
			list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
			for _, p := range strings.Split(c.To, ", ") {
				list.Content = append(list.Content, word(p))
			}
			set(n, key, list)
		default:
			set(n, key, word(c.To))
		}
	}
}

// set gives a key its value, keeping the comments beside the old one; nil takes the key away.
func set(n *yaml.Node, key string, to *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != key {
			continue
		}
		if to == nil {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
		old := n.Content[i+1]
		to.HeadComment, to.LineComment, to.FootComment = old.HeadComment, old.LineComment, old.FootComment
		n.Content[i+1] = to
		return
	}
	if to != nil {
		n.Content = append(n.Content, word(key), to)
	}
}

// value is the value of a key, nil if there is none.
func value(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func textIn(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	return n.Value
}

// word is a string, quoted where YAML would read it as something else; nil for none.
func word(s string) *yaml.Node {
	if s == "" {
		return nil
	}
	n := &yaml.Node{}
	if err := n.Encode(s); err != nil {
		panic(err) // strings are always YAML
	}
	return n
}
