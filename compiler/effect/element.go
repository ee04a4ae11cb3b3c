package effect

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
)

// causeHost is what the cause of a host that moved is called.
const causeHost = "the hosts file"

// element is a part of a policy that a row may rest on: where it stands and what it says, without positions.
type element struct{ source, content string }

// elements are the parts of one policy by what people call them: "window weekend", "rule security".
type elements struct {
	byName   map[string]element
	bySource map[string]string
	hosts    map[string]policy.Host
}

func newElements(t *policy.Tenant) elements {
	e := elements{map[string]element{}, map[string]string{}, map[string]policy.Host{}}
	for _, w := range t.Windows {
		e.add("window "+w.Name, w.Source, w)
	}
	for _, l := range t.Lanes {
		e.add("lane "+l.Name, l.Source, l)
	}
	for _, f := range t.Freezes {
		e.add("freeze "+f.Name, f.Source, f)
	}
	for _, r := range t.Rules {
		e.add("rule "+r.Name, r.Source, r)
	}
	if t.Otherwise != nil {
		e.add("otherwise", t.Otherwise.Source, t.Otherwise)
	}
	for _, m := range t.Modules {
		e.add("module "+m.Path, m.Path+":1:1", m.Text)
	}
	for _, r := range t.Rings {
		e.ring(r)
	}
	for _, h := range t.Hosts {
		e.hosts[h.Name] = h
	}
	e.add("timezone", t.LineOf("timezone"), t.Timezone)
	e.add("breaker", t.LineOf("breaker"), t.Breaker)
	e.add("the tenant", t.Source, nil)
	return e
}

func (e elements) ring(r policy.Ring) {
	for _, q := range r.Requires {
		e.add(requirementName(r, q), q.Source, q)
	}
	for _, q := range slices.Concat(r.RequiresAny...) {
		e.add(alternativesName(r), q.Source, r.RequiresAny)
	}
	e.add(selectName(r.Name), r.SelectSource, []any{r.Select, r.SelectBy, r.Share})
	r.Requires, r.RequiresAny, r.Select, r.SelectBy, r.Share = nil, nil, nil, nil, nil
	e.add("ring "+r.Name, r.Source, r)
}

func selectName(ring string) string { return "select of ring " + ring }

func alternativesName(r policy.Ring) string { return "alternatives that ring " + r.Name + " requires" }

func requirementName(r policy.Ring, q policy.Requirement) string {
	return "ring " + r.Name + " requires " + q.Key()
}

func (e elements) add(name, source string, v any) {
	e.byName[name] = element{source, said(v)}
	e.bySource[source] = name
}

// said is what a part of a policy says, wherever it stands.
func said(v any) string {
	raw, err := json.Marshal(v)
	var tree any
	if err == nil {
		err = json.Unmarshal(raw, &tree)
	}
	if err == nil {
		raw, err = canonical.Marshal(unplaced(tree))
	}
	if err != nil {
		return err.Error() // plain data always encodes
	}
	return string(raw)
}

// shownElsewhere are the fields of a ring that show in where its rows stand, or in the limits that have a field of their own.
var shownElsewhere = []string{"ring", "select", "selectBy", "share", "window", "windows", "requires", "requiresAny", "maxUnavailable", "stopAtFailures", "reboot", "rebootWindow", "rebootWindows"}

// otherLimits is what else a ring says of how its hosts go, as it says it; "" for nothing.
func otherLimits(r policy.Ring) string {
	var fields map[string]any
	if err := json.Unmarshal([]byte(said(r)), &fields); err != nil {
		return "" // what was encoded decodes
	}
	for _, name := range shownElsewhere {
		delete(fields, name)
	}
	if len(fields) == 0 {
		return ""
	}
	return said(fields)
}

// unplaced takes the positions out of a document.
func unplaced(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "source")
		delete(v, "selectSource")
		for _, child := range v {
			unplaced(child)
		}
	case []any:
		for _, child := range v {
			unplaced(child)
		}
	}
	return v
}

// SamePolicy reports whether two policies say the same, wherever they say it: they have the same plans.
func SamePolicy(a, b *policy.Tenant) bool { return said(a) == said(b) }

// called names the part at a position. A position within a module, or one that is nobody's, stands for itself.
func (e elements) called(source string) string {
	if _, ok := e.byName["module "+fileOf(source)]; ok {
		return "module " + source
	}
	if name, ok := e.bySource[source]; ok {
		return name
	}
	return source
}

// of returns the part with a name that called gave.
func (e elements) of(name string) (element, bool) {
	if x, ok := e.byName[name]; ok {
		return x, true
	}
	source, ok := strings.CutPrefix(name, "module ")
	if !ok {
		return element{}, false
	}
	x, ok := e.byName["module "+fileOf(source)]
	x.source = source
	return x, ok
}

// title is what people are told of a part beside its position.
func title(name string) string {
	if strings.HasPrefix(name, "module ") {
		return "Rego"
	}
	return name
}

func fileOf(source string) string {
	file, _, _ := strings.Cut(source, ":")
	return file
}
