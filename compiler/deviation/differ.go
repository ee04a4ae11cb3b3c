package deviation

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/read"
)

// part is one named entry of a policy as JSON, field by field.
type part struct {
	source string
	fields map[string]string
}

// differences compares a tenant's parts with those of the definition. Rings are the tenant's own affair: of a ring that
// the definition does not have, what differs from the schema's defaults counts.
func differences(t *policy.Tenant, u read.Use, ring policy.Ring) []Difference {
	own, base := partsOf(t), partsOf(u.Base)
	out := []Difference{}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		p := own[name]
		b, known := base[name]
		switch {
		case known:
			out = append(out, fields(name, p, b.fields)...)
		case strings.HasPrefix(name, "rings."):
			out = append(out, fields(name, settings(p), settings(partOf(ring, "")).fields)...)
		case slices.Contains(u.Open, name):
			out = append(out, Difference{Part: name, Change: Tailored, Source: p.source})
		case slices.Contains(u.Base.Off, name):
			out = append(out, Difference{Part: name, Change: On, Source: p.source})
		default:
			out = append(out, Difference{Part: name, Change: Own, Source: p.source})
		}
	}
	for _, name := range t.Off {
		if b, ok := base[name]; ok {
			out = append(out, Difference{Part: name, Change: Off, Source: b.source})
		}
	}
	return out
}

// fields lists the fields of a part that are not as in base.
func fields(name string, p part, base map[string]string) []Difference {
	all := maps.Clone(base)
	maps.Copy(all, p.fields)
	var out []Difference
	for _, f := range slices.Sorted(maps.Keys(all)) {
		if p.fields[f] != base[f] {
			out = append(out, Difference{Part: name, Field: f, Value: p.fields[f], Instead: base[f], Change: Changed, Source: p.source})
		}
	}
	return out
}

// settings leaves of a ring what has a default: whom it takes, when, and after what is its own in any case.
func settings(p part) part {
	p.fields = maps.Clone(p.fields)
	maps.DeleteFunc(p.fields, func(f, _ string) bool {
		top, _, _ := strings.Cut(f, ".")
		return slices.Contains([]string{"select", "selectBy", "share", "window", "windows", "requires"}, top)
	})
	return p
}

// partsOf takes a policy apart by name: "windows.weekend", as Off names them.
func partsOf(t *policy.Tenant) map[string]part {
	out := map[string]part{"tenant": switches(t)}
	for _, r := range t.Rings {
		out["rings."+r.Name] = partOf(r, r.Source)
	}
	for _, w := range t.Windows {
		out["windows."+w.Name] = partOf(w, w.Source)
	}
	for _, l := range t.Lanes {
		out["lanes."+l.Name] = partOf(l, l.Source)
	}
	for _, f := range t.Freezes {
		out["freezes."+f.Name] = partOf(f, f.Source)
	}
	for _, r := range t.Rules {
		out["approval."+r.Name] = partOf(r, r.Source)
	}
	for _, x := range t.Exploited {
		out["exploited."+x.CVE] = partOf(x, x.Source)
	}
	for _, x := range t.Groups {
		out["groups."+x.Name] = partOf(x, x.Source)
	}
	for _, x := range t.Accepts {
		out["accept."+x.Name()] = partOf(x, x.Source)
	}
	if t.Otherwise != nil {
		out["approval."+t.Otherwise.Name] = partOf(*t.Otherwise, t.Otherwise.Source)
	}
	return out
}

// switches are what a tenant as a whole has switched on.
func switches(t *policy.Tenant) part {
	p := partOf(policy.Tenant{TestClock: t.TestClock, Breaker: t.Breaker, SharesEvidence: t.SharesEvidence, Disabled: t.Disabled}, t.Source)
	maps.DeleteFunc(p.fields, func(_, value string) bool { return value != "true" })
	return p
}

func partOf(v any, source string) part {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // a policy is made of strings and numbers
	}
	var x map[string]json.RawMessage
	_ = json.Unmarshal(raw, &x) // what was just written
	p := part{source, map[string]string{}}
	p.flatten("", x)
	return p
}

// flatten writes each field under its path. Places and the part's own name are no difference; what is empty is as good
// as absent.
func (p part) flatten(prefix string, x map[string]json.RawMessage) {
	for key, raw := range x {
		if key == "source" || key == "selectSource" || prefix == "" && isName[key] {
			continue
		}
		p.put(prefix+cmp.Or(asWritten[key], key), key, raw)
	}
}

// put writes one field at its path.
func (p part) put(at, key string, raw json.RawMessage) {
	for name, value := range named(key, raw) {
		p.put(at+"."+name, "", value)
	}
	var nested map[string]json.RawMessage
	switch s := string(withoutSources(raw)); {
	case entries[key] != nil, s == "[]", s == "null", s == `""`:
	case json.Unmarshal(raw, &nested) != nil:
		p.fields[at] = s
	default:
		if s, ok := amount(nested); ok {
			p.fields[at] = s
			return
		}
		p.flatten(at+".", nested)
	}
}

// entries are the lists of documents that policies write by name, and how one entry of them is taken apart.
var entries = map[string]func(map[string]json.RawMessage) (name string, value json.RawMessage){
	"maxUnavailablePer": func(x map[string]json.RawMessage) (string, json.RawMessage) {
		return take(x, "label"), x["maxUnavailable"]
	},
	"select":   func(x map[string]json.RawMessage) (string, json.RawMessage) { return take(x, "key"), x["value"] },
	"selectBy": func(x map[string]json.RawMessage) (string, json.RawMessage) { return take(x, "key"), encoded(x, nil) },
	"requires": func(x map[string]json.RawMessage) (string, json.RawMessage) {
		name := take(x, "ring")
		switch tenant := take(x, "tenant"); tenant {
		case "":
		case policy.AllTenants:
			name = "pool"
		default:
			name = tenant + "/" + name
		}
		if share := x["succeeded"]; len(share) > 0 {
			x["succeeded"] = json.RawMessage(`"` + string(share) + `%"`)
		}
		return name, encoded(x, nil)
	},
}

// take takes a text out of an entry.
func take(x map[string]json.RawMessage, key string) (text string) {
	_ = json.Unmarshal(x[key], &text) // of a document that was just written; none is ""
	delete(x, key)
	return text
}

// named is a list of the document as policies write it, by name; none for any other field.
func named(key string, raw json.RawMessage) map[string]json.RawMessage {
	var list []map[string]json.RawMessage
	if entries[key] == nil || json.Unmarshal(raw, &list) != nil {
		return nil
	}
	out := map[string]json.RawMessage{}
	for _, x := range list {
		name, value := entries[key](x)
		out[name] = value
	}
	return out
}

// amount writes a count or a percentage as policies do: 1, "25%".
func amount(fields map[string]json.RawMessage) (string, bool) {
	if len(fields) != 1 {
		return "", false
	}
	if n, ok := fields["count"]; ok {
		return string(n), true
	}
	n, ok := fields["percent"]
	return `"` + string(n) + `%"`, ok
}

// asWritten are fields that documents call otherwise than policies.
var asWritten = map[string]string{
	"requiresAny": "requires.anyOf", "windows": "window", "rebootWindows": "rebootWindow", "selectBy": "select",
}

// isName are the fields that hold a part's name. That of a window is not among them, since rings and lanes refer to
// windows by the same field; it is equal on both sides in any case.
var isName = map[string]bool{"ring": true, "lane": true, "freeze": true, "rule": true, "group": true}

// withoutSources drops the places from the structs of a list, or of a list of lists.
func withoutSources(raw json.RawMessage) json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return raw
	}
	for i, x := range list {
		var fields map[string]json.RawMessage
		if json.Unmarshal(x, &fields) != nil {
			list[i] = withoutSources(x)
			continue
		}
		delete(fields, "source")
		list[i] = encoded(fields, x)
	}
	return encoded(list, raw)
}

func encoded(v any, or json.RawMessage) json.RawMessage {
	out, err := json.Marshal(v)
	if err != nil {
		return or
	}
	return out
}
