package decide

import (
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// allowed lists the built-in functions that rules may call. It is an allow-list, so that a function which a new OPA
// brings is refused until somebody has looked at it. What is here is pure, needs neither clock, network nor randomness,
// and takes time and memory in proportion to its arguments; that is why bits.lsh, the generators of big numbers and the
// decoders of keys and tokens are missing.
var allowed = strings.Fields(`
	eq assign equal neq gt gte lt lte internal.member_2 internal.member_3 internal.template_string
	plus minus mul div rem round ceil floor abs numbers.range
	and or intersection union count sum product max min sort
	array.concat array.flatten array.reverse array.slice
	object.filter object.get object.keys object.remove object.subset object.union object.union_n
	concat contains endswith format_int indexof indexof_n lower replace split sprintf startswith
	strings.any_prefix_match strings.any_suffix_match strings.count strings.replace_n strings.reverse strings.split_n
	substring trim trim_left trim_prefix trim_right trim_space trim_suffix upper
	regex.find_all_string_submatch_n regex.find_n regex.is_valid regex.match regex.replace regex.split
	glob.match glob.quote_meta semver.compare semver.is_valid
	time.add_date time.clock time.date time.diff time.parse_duration_ns time.parse_ns time.parse_rfc3339_ns time.weekday
	is_array is_boolean is_null is_number is_object is_set is_string type_name to_number walk
	uri.is_valid uri.parse urlquery.decode urlquery.decode_object
	json.filter json.is_valid json.marshal json.remove json.unmarshal
`)

// onlyInTests are what OPA's test runner adds to a test's body. Nothing is printed.
var onlyInTests = []string{"internal.test_case", "internal.print", "print"}

// forRules and forTests are what modules may use, and tests of modules. They are made once and only read.
var (
	forRules = sync.OnceValue(func() *ast.Capabilities { return only(allowed) })
	forTests = sync.OnceValue(func() *ast.Capabilities { return only(slices.Concat(allowed, onlyInTests)) })
)

func only(names []string) *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion(ast.CapabilitiesRegoVersion(ast.RegoV1))
	c.AllowNet = []string{}
	c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool { return !slices.Contains(names, b.Name) })
	return c
}
