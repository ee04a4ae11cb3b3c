package read

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/read/origin"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// Scenarios loads and reads the tests of a repository, if there are any, sorted by name. It returns those that can be run,
// and what is wrong with the others. It calls begin before each of them: however many there are, none is another's burden.
func Scenarios(t *load.Tree, begin func()) (out []policy.Scenario, diags diag.List) {
	defer func() {
		if p := recover(); p != nil {
			out, diags = nil, diag.List{gaveUp(repository.ScenariosDir, p)}
		}
	}()
	if _, err := t.Stat(repository.ScenariosDir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	p, diags := t.LoadFolder(repository.ScenariosDir)
	if len(diags) > 0 {
		return nil, diags
	}
	return scenarios(t, p, begin)
}

const scenariosHome = repository.ScenariosDir + "/"

func scenarios(t *load.Tree, p *load.Program, begin func()) ([]policy.Scenario, diag.List) {
	r := &reader{home: scenariosHome}
	diags := append(r.strays(p), t.Unread(p, repository.ScenariosDir)...)
	diags = append(diags, r.silent(p, "scenario", "")...)
	it, err := p.Value("scenario").Fields()
	if err != nil {
		return nil, diags
	}
	var out []policy.Scenario
	loose := sync.OnceValue(func() loosened { return loosen(t, scenarioAt(), scenariosHome) })
	all := scenarioPackage{p, origin.NewIndex(p, scenariosHome), loose}
	for it.Next() {
		if it.Selector().LabelType() != cue.StringLabel {
			continue // of a list, which the schema refuses
		}
		begin()
		r := &reader{home: scenariosHome, lost: r.lost}
		if s := all.scenario(r, it.Selector().Unquoted()); !r.diags.HasErrors() {
			out = append(out, s)
		}
		diags = append(diags, r.withoutEcho()...)
	}
	slices.SortFunc(out, func(a, b policy.Scenario) int { return strings.Compare(a.Name, b.Name) })
	return out, diags
}

// scenarioPackage is what all scenarios are read out of. What is the same for each is made once: of thousands, each would
// have to go through all the others' text.
type scenarioPackage struct {
	*load.Program
	index *origin.Index
	loose func() loosened
}

func scenarioAt(path ...string) subject {
	return subject{arg: repository.ScenariosDir, definition: "#Scenario", path: path}
}

// scenario reads one scenario; without one, the reader has diagnostics.
func (p scenarioPackage) scenario(r *reader, name string) policy.Scenario {
	s := scenarioAt("scenario", name)
	strict := r.rootIn(p.index, p.Value(s.path...).Unify(p.Definition(s.definition)), p.Program, s.path...)
	if failure := strict.v.Validate(cue.Concrete(true)); failure != nil {
		r.diagnose(p.loose(), s, strict, failure, func(n node) { n.scenario(name) })
		return policy.Scenario{}
	}
	return strict.scenario(name)
}

func (n node) scenario(name string) policy.Scenario {
	s := policy.Scenario{
		Name: name, Tenant: n.get("tenant").matching(anyText, diag.WrongValue, "a tenant's name"), At: n.get("at").instant(),
		Missing:  list(n.get("missing"), node.scenarioMissing),
		Evidence: list(n.get("evidence"), node.scenarioEvidence),
		Expect:   list(n.get("expect"), node.expectation),
		Source:   n.source(),
	}
	for _, h := range n.get("hosts").items() {
		s.Hosts = append(s.Hosts, h.str("a host's name"))
	}
	n.get("expect").some("one decision")
	n.get("hosts").some("one host")
	return s
}

// list reads every element of a list, in its order.
func list[T any](n node, read func(node) T) []T {
	var out []T
	for _, item := range n.items() {
		out = append(out, read(item))
	}
	return out
}

func (n node) scenarioMissing() policy.ScenarioMissing {
	m := policy.ScenarioMissing{
		Host: n.get("host").str("a host's name"), Update: n.get("update").purl(), From: n.get("from").matching(anyText, diag.WrongValue, "a version"),
		Class: n.get("class").enum(classes()...), Released: n.get("released").maybeInstant(), FirstSeen: n.get("firstSeen").instant(),
		Severity: cmp.Or(n.get("severity").enum(inventory.Severities...), "unknown"), Origin: n.get("origin").str("an origin"), CVEs: n.get("cves").cves(),
		Advisories: n.get("advisories").several(func(a node) string { return a.matching(anyText, diag.WrongValue, "an advisory") }),
		Source:     n.source(),
	}
	if b := n.get("exploited").boolean(); b != nil {
		m.Exploited = *b
	}
	return m
}

func (n node) scenarioEvidence() policy.ScenarioEvidence {
	e := policy.ScenarioEvidence{
		Ring: n.get("ring").str("a ring"), Update: n.get("update").purl(),
		Attempted: n.get("attempted").integer(0, maxCount), Succeeded: n.get("succeeded").integer(0, maxCount),
		SucceededAt: n.get("succeededAt").maybeInstant(), Missing: n.get("missing").integer(0, maxCount),
		Source: n.source(),
	}
	if tenant, ring, ok := strings.Cut(e.Ring, "/"); ok {
		e.Tenant, e.Ring = tenant, ring
	}
	if e.Ring == policy.PoolRing && e.Tenant == "" {
		e.Tenant, e.Tenants = policy.AllTenants, n.get("tenants").integer(0, maxCount)
	}
	e.Platforms = n.get("platforms").texts()
	e.Healthy, e.Unhealthy = n.get("healthy").integer(0, maxCount), n.get("unhealthy").integer(0, maxCount)
	n.get("onPlatforms").counted(&e)
	n.get("canaries").canaries(&e)
	n.possible(e.Attempted, e.Succeeded)
	return e
}

// canaries reads how it went on the hosts that got it first.
func (n node) canaries(e *policy.ScenarioEvidence) {
	if !n.exists() {
		return
	}
	c := policy.ScenarioCanaries{
		Attempted: n.get("attempted").integer(0, maxCount), Succeeded: n.get("succeeded").integer(0, maxCount),
		SucceededAt: n.get("succeededAt").maybeInstant(),
	}
	if n.possible(c.Attempted, c.Succeeded); c.Succeeded > e.Succeeded || c.Attempted > e.Attempted {
		n.report(diag.New(diag.WrongValue, "%s counts more hosts than the ring", n.name()))
	}
	e.Canaries = &c
}

// possible reports successes that nobody attempted.
func (n node) possible(attempted, succeeded int) {
	if succeeded > attempted {
		n.get("succeeded").report(diag.New(diag.WrongValue, "%s is more than were attempted", n.get("succeeded").name()))
	}
}

// counted reads the successes on each platform, which are platforms on which it succeeded.
func (n node) counted(e *policy.ScenarioEvidence) {
	sum := 0
	for _, f := range n.fields() {
		p := policy.ScenarioPlatform{Platform: f.label(), Succeeded: f.get("succeeded").integer(0, maxCount), Tenants: f.get("tenants").integer(0, maxCount)}
		sum += p.Succeeded
		if p.Succeeded > 0 {
			e.On, e.Platforms = append(e.On, p), append(e.Platforms, p.Platform)
		}
	}
	if sum > e.Succeeded {
		n.report(diag.New(diag.WrongValue, "%s counts more hosts than succeeded", n.name()))
	}
	slices.Sort(e.Platforms)
	if e.Platforms = slices.Compact(e.Platforms); len(e.On) == 0 && len(e.Platforms) == 1 {
		e.On = []policy.ScenarioPlatform{{Platform: e.Platforms[0], Succeeded: e.Succeeded, Tenants: e.Tenants}}
	}
}

func (n node) expectation() policy.Expectation {
	return policy.Expectation{
		Ring: n.get("ring").ref(), Update: n.get("update").purl(),
		Outcome: n.get("outcome").enum("approved", "pending", "needs-approval", "rejected"),
		Until:   n.get("until").maybeInstant(), Window: n.get("window").ref(), Opens: n.get("opens").maybeInstant(),
		Closes: n.get("closes").maybeInstant(), Wave: n.get("wave").integer(1, maxCount), Hosts: n.get("hosts").hostNames(),
		Source: n.source(),
	}
}

// hostNames reads a list of hosts, in no order; an empty one says nothing.
func (n node) hostNames() []string {
	var out []string
	for _, h := range n.items() {
		out = append(out, h.str("a host's name"))
	}
	n.some("one host")
	slices.Sort(out)
	return out
}

var purlGrammar = lazyregexp.New(`^pkg:[a-z0-9.+-]+/[^@]+@.+$`)

func (n node) purl() string {
	return n.matching(purlGrammar, diag.WrongValue, `a purl such as "pkg:deb/debian/openssl@3.0.17-1~deb12u2"`)
}

func (n node) instant() time.Time {
	const layout = "2006-01-02T15:04:05Z"
	t, err := time.Parse(layout, n.clock(layout, `an instant in UTC such as "2026-11-21T20:00:00Z"`))
	if err != nil {
		return time.Time{} // clock reported it, or there is none
	}
	return t
}

func (n node) maybeInstant() *time.Time {
	if t := n.instant(); !t.IsZero() {
		return &t
	}
	return nil
}
