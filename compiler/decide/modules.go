package decide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
)

// Packages of user modules: the baseline's, and one for each tenant.
const (
	customPackage = "ringfence.custom"
	tenantPackage = "ringfence.tenant"
)

// CheckModules reports what is wrong with user modules of any number of tenants: text that does not parse, a package or
// rule that the contract does not have, a function that is not allowed, a field that no update has. Every diagnostic is
// RF1014 with a position. Modules without errors compile in New.
func CheckModules(modules []policy.Module) diag.List {
	c, list := compileModules(modules, false)
	for _, u := range c.modules {
		if d, bad := misplaced(u); bad {
			list = append(list, d)
		}
	}
	list.Sort()
	return list
}

// userModule is a parsed module and the package name that people see.
type userModule struct {
	path   string
	pkg    string
	module *ast.Module
}

// compiled is the user's modules after the compiler, or what there is of them when it failed.
type compiled struct {
	modules  []userModule
	rules    []actingRule
	compiler *ast.Compiler
}

// compileModules parses, checks and compiles. Test files take part only with tests, and may then call what tests may.
func compileModules(modules []policy.Module, tests bool) (*compiled, diag.List) {
	var list diag.List
	may := forRules()
	if tests {
		may = forTests()
	}
	out := &compiled{}
	for _, m := range modules {
		if isTest(m.Path) && !tests {
			continue
		}
		p, err := parse(m, may)
		if err != nil {
			list = append(list, diagnostics(m.Path, err)...)
			continue
		}
		u := userModule{m.Path, packageName(p.Package.Path), p}
		if slices.ContainsFunc(out.modules, func(o userModule) bool { return o.path == m.Path }) {
			list = append(list, refuse(p.Package.Location, "two modules have the path %s", m.Path).WithFix("keep one of them"))
		}
		list = append(list, checkModule(u)...)
		out.modules = append(out.modules, u)
	}
	if !list.HasErrors() {
		list = append(list, out.compile(may)...)
	}
	list.Sort()
	return out, list
}

func (c *compiled) compile(may *ast.Capabilities) diag.List {
	c.addNamed()
	c.compiler = newCompiler(may).WithSchemas(inputSchema())
	if c.compiler.Compile(c.parsed()); c.compiler.Failed() {
		return diagnostics("", c.compiler.Errors)
	}
	return slices.Concat(c.dangling(), c.unused(), c.elements())
}

func (c *compiled) parsed() map[string]*ast.Module {
	out := map[string]*ast.Module{}
	for _, m := range c.modules {
		out[m.path] = m.module
	}
	return out
}

// packageName prints a package's path without its root: ringfence.tenant["msp-lab"] is ringfence.tenant.msp-lab.
func packageName(path ast.Ref) string {
	parts := make([]string, 0, len(path))
	for _, term := range path[1:] {
		s, _ := term.Value.(ast.String)
		parts = append(parts, string(s))
	}
	return strings.Join(parts, ".")
}

// oneLine makes a summary of a message of several lines.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// refuse makes an RF1014 at a place.
func refuse(at *ast.Location, format string, args ...any) diag.Diagnostic {
	pos := diag.Pos{Line: max(1, at.Row), Column: max(1, at.Col)} // the end of a file has column 0, an empty one line 0
	d := diag.New(diag.BadRego, format, args...)
	return d.At(diag.Range{File: at.File, Start: pos, End: pos})
}

// place is path:line:column, the form of decision's sources.
func place(at *ast.Location) string {
	if at == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", at.File, at.Row, at.Col)
}
