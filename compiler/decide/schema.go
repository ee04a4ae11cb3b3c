package decide

import (
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/ringfence/ringfence/compiler/inventory"
)

// InputSchema is the JSON Schema of the input that user modules see. It is also what their compiler goes by: a misspelt
// field would be undefined, and a reject that reads it silent.
func InputSchema() map[string]any {
	text := map[string]any{"type": "string"}
	list := map[string]any{"type": "array", "items": text}
	flag := map[string]any{"type": "boolean"}
	update := map[string]any{
		"name": text, "version": text, "purl": text, "class": text, "severity": text, "origin": text,
		"exploited": flag, "advisories": list, "cves": list, "hasReleased": flag,
	}
	return closed(map[string]any{"update": closed(update)})
}

// PublishedSchema is InputSchema with what people and editors want to know besides.
func PublishedSchema() map[string]any {
	s := InputSchema()
	update := s["properties"].(map[string]any)["update"].(map[string]any)["properties"].(map[string]any)
	var classes []string
	for _, c := range inventory.Classes {
		classes = append(classes, string(c))
	}
	for name, more := range map[string]map[string]any{
		"name":        {"description": "the package"},
		"version":     {"description": "the version that would be installed"},
		"purl":        {"description": "the exact update"},
		"class":       {"description": "what it is for, as its source says", "enum": classes},
		"severity":    {"description": "how bad what it fixes is", "enum": inventory.Severities},
		"origin":      {"description": "whence it comes; empty if nobody knows"},
		"exploited":   {"description": "what it fixes is known, or declared by the policy, to be exploited"},
		"hasReleased": {"description": "its source says when it was released"},
		"advisories":  {"description": "sorted"},
		"cves":        {"description": "sorted"},
	} {
		maps.Copy(more, update[name].(map[string]any))
		update[name] = more
	}
	s["$schema"], s["$id"] = "https://json-schema.org/draft/2020-12/schema", "https://ringfence.dev/schema/v1/input"
	s["title"] = "input of Rego modules"
	return s
}

// closed is an object of these fields, all of which are there, and no other.
func closed(fields map[string]any) map[string]any {
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return map[string]any{"type": "object", "properties": fields, "required": names, "additionalProperties": false}
}

func inputSchema() *ast.SchemaSet {
	s := ast.NewSchemaSet()
	s.Put(ast.SchemaRootRef, InputSchema())
	return s
}
