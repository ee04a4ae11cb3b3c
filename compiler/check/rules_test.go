package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

var (
	hours    = func(n int) policy.Duration { return policy.Duration(time.Duration(n) * time.Hour) }
	security = policy.Match{Classification: []string{"security"}}
	openssl  = policy.Match{Package: []string{"openssl"}}
)

func approve(name string, m policy.Match, after int) policy.Rule {
	return policy.Rule{Name: name, Match: &m, Approve: &policy.Approve{After: hours(after), Anchor: policy.FirstSeen}}
}

func reject(name string, m policy.Match, expires string) policy.Rule {
	return policy.Rule{Name: name, Match: &m, Reject: &policy.Reject{Reason: "why", Expires: expires}}
}

// said are the findings about rules and lanes of a tenant, each as its code and path.
func said(t *policy.Tenant) string {
	c := &checker{Subject: Subject{Tenant: t, Places: Places{}}}
	c.idle()
	var out []string
	for _, d := range c.diags {
		out = append(out, fmt.Sprintf("%s %s", d.Code, d.Path))
	}
	return strings.Join(out, ", ")
}

func TestIdleRules(t *testing.T) {
	match := func(m policy.Match, edit func(*policy.Match)) policy.Match { edit(&m); return m }
	high := match(security, func(m *policy.Match) { m.Severity = []string{"high"} })
	yes, no := true, false
	for name, c := range map[string]struct {
		rules     []policy.Rule
		otherwise bool
		want      string
	}{
		"different classes":    {rules: []policy.Rule{approve("a", security, 1), approve("b", policy.Match{Classification: []string{"bugfix"}}, 2)}},
		"rejected for good":    {rules: []policy.Rule{approve("a", high, 1), reject("no", security, "")}, want: "RF1056 approval.a"},
		"rejected for a while": {rules: []policy.Rule{approve("a", high, 1), reject("no", security, "2030-01-01")}},
		"rejected in part":     {rules: []policy.Rule{approve("a", security, 1), reject("no", high, "")}},
		"rejected by two": {rules: []policy.Rule{
			approve("a", security, 1), reject("no", policy.Match{Exploited: &yes}, ""), reject("not", policy.Match{Exploited: &no}, ""),
		}, want: "RF1056 approval.a"},
		"a rejection that ends": {rules: []policy.Rule{reject("a", high, "2030-01-01"), reject("no", security, "")}, want: "RF1056 approval.a"},
		"a name in a pattern": {rules: []policy.Rule{
			approve("a", openssl, 1), reject("no", policy.Match{Package: []string{"linux-*", "open[st]sl"}}, ""),
		}, want: "RF1056 approval.a"},
		"a pattern in a pattern": {rules: []policy.Rule{
			approve("a", policy.Match{Package: []string{"linux-image-*"}}, 1), reject("no", policy.Match{Package: []string{"linux-*"}}, ""),
		}, want: "RF1056 approval.a"},
		"patterns that differ": {rules: []policy.Rule{
			approve("a", policy.Match{Package: []string{"linux-*"}}, 1), reject("no", policy.Match{Package: []string{"linux-image-*"}}, ""),
		}},
		"a class is not a name": {rules: []policy.Rule{approve("a", security, 1), reject("no", openssl, "")}},
		"an unknown origin":     {rules: []policy.Rule{approve("a", security, 1), reject("no", policy.Match{Origin: []string{"*"}}, "")}},
		"granted sooner":        {rules: []policy.Rule{approve("a", high, 2), approve("b", security, 1)}, want: "RF1056 approval.a"},
		"granted later":         {rules: []policy.Rule{approve("a", high, 1), approve("b", security, 2)}},
		"twice the same":        {rules: []policy.Rule{approve("a", security, 1), approve("b", security, 1)}, want: "RF1056 approval.b"},
		"otherwise":             {rules: []policy.Rule{approve("a", security, 1)}, otherwise: true},
		"every name, by the tenant": {rules: []policy.Rule{{
			Name: "a", Match: &policy.Match{Package: []string{"*"}}, Approve: &policy.Approve{}, Source: "tenants/acme/tenant.cue:1:1",
		}}, otherwise: true, want: "RF1058 approval.a"}, // the otherwise is that of the baseline
		"no otherwise left":        {rules: []policy.Rule{approve("a", policy.Match{Exploited: &yes}, 1), approve("b", policy.Match{Exploited: &no}, 1)}, otherwise: true, want: "RF1058 approval.otherwise"},
		"blocks leave otherwise":   {rules: []policy.Rule{approve("a", policy.Match{Exploited: &yes}, 1), reject("b", policy.Match{Exploited: &no}, "")}, otherwise: true},
		"every name":               {rules: []policy.Rule{approve("a", policy.Match{Package: []string{"*"}}, 1)}, otherwise: true, want: "RF1058 approval.otherwise"},
		"every known origin":       {rules: []policy.Rule{approve("a", policy.Match{Origin: []string{"*"}}, 1)}, otherwise: true},
		"signatures of the others": {rules: []policy.Rule{{Name: "a", Match: &high, Require: &policy.Require{Approvers: 2, Role: "x"}}, {Name: "b", Match: &security, Require: &policy.Require{Approvers: 1, Role: "y"}}}},
		"fewer signatures":         {rules: []policy.Rule{{Name: "a", Match: &high, Require: &policy.Require{Approvers: 2, Role: "x"}}, {Name: "b", Match: &security, Require: &policy.Require{Approvers: 1, Role: "x"}}}, want: "RF1056 approval.a"},
	} {
		tenant := &policy.Tenant{Rules: c.rules}
		if c.otherwise {
			tenant.Otherwise = &policy.Rule{Name: "otherwise", Require: &policy.Require{Approvers: 1, Role: "ops"}}
		}
		if got := said(tenant); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestIdleLanes(t *testing.T) {
	lane := func(name string, m policy.Match, priority int) policy.Lane {
		return policy.Lane{Name: name, Match: m, Priority: priority}
	}
	tenant := &policy.Tenant{Lanes: []policy.Lane{lane("low", security, 0), lane("other", openssl, 0), lane("top", security, 1)}}
	if got := said(tenant); got != "RF1056 lanes.low" {
		t.Error(got)
	}
}

// TestATenantMayComeBeforeItsBaseline: it cannot change what stands there.
func TestATenantMayComeBeforeItsBaseline(t *testing.T) {
	for _, c := range []struct{ low, high, want string }{
		{"baseline/baseline.cue:1:1", "tenants/a/tenant.cue:1:1", ""},
		{"baseline/baseline.cue:1:1", "baseline/baseline.cue:2:1", "RF1056 lanes.low"},
		{"tenants/a/tenant.cue:1:1", "baseline/baseline.cue:1:1", "RF1056 lanes.low"},
	} {
		tenant := &policy.Tenant{Lanes: []policy.Lane{{Name: "high", Match: security, Priority: 1, Source: c.high}, {Name: "low", Match: security, Source: c.low}}}
		if got := said(tenant); got != c.want {
			t.Errorf("%s below %s: %q", c.low, c.high, got)
		}
	}
}

// takes is what the rules do with a match, written anew.
func takes(m policy.Match, u inventory.Update) bool {
	oneOf := func(globs []string, texts ...string) bool {
		return len(globs) == 0 || slices.ContainsFunc(globs, func(g string) bool {
			p, err := policy.GlobPattern(g)
			return slices.ContainsFunc(texts, func(s string) bool { return err == nil && s != "" && regexp.MustCompile(p).MatchString(s) })
		})
	}
	return !m.Empty() && (m.Exploited == nil || *m.Exploited == u.Exploited) &&
		(len(m.Classification) == 0 || slices.Contains(m.Classification, string(u.Class))) &&
		(len(m.Severity) == 0 || slices.Contains(m.Severity, u.Severity)) &&
		(len(m.PURL) == 0 || slices.Contains(m.PURL, u.PURL)) &&
		oneOf(m.Package, u.Name) && oneOf(m.Origin, u.Origin) && oneOf(m.Advisory, u.Advisories...)
}

func anyMatch(t *rapid.T) policy.Match {
	some := func(name string, from ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, len(from), rapid.ID[string]).Draw(t, name)
	}
	var m policy.Match
	switch rapid.IntRange(0, 3).Draw(t, "exploited") {
	case 0:
		m.Exploited = new(bool)
	case 1:
		b := true
		m.Exploited = &b
	}
	for range rapid.IntRange(0, 2).Draw(t, "fields") {
		switch rapid.IntRange(0, 5).Draw(t, "field") {
		case 0:
			m.Classification = some("class", "security", "bugfix", "definition", "enhancement", "driver", "feature", "unknown")
		case 1:
			m.Severity = some("severity", inventory.Severities...)
		case 2:
			m.Package = some("package", "*", "linux-*", "linux-image-*", "openssl", "open[s]*", "?penssl")
		case 3:
			m.Origin = some("origin", "*", "Debian", "Debian*")
		case 4:
			m.Advisory = some("advisory", "DSA-*", "DSA-1")
		case 5:
			m.PURL = some("purl", "pkg:deb/debian/openssl@1", "pkg:deb/debian/linux-image-1@1")
		}
	}
	if m.Empty() {
		m.Classification = []string{"security"}
	}
	return m
}

// anyRule is a rule; those that are alike grant the same updates, each at its time.
func anyRule(t *rapid.T, name string, alike bool) policy.Rule {
	m := anyMatch(t)
	r := policy.Rule{Name: name, Match: &m}
	end := rapid.SampledFrom([]string{"", "", "2026-11-20", "2026-12-24"}).Draw(t, "end")
	if alike {
		r.Match = &policy.Match{Classification: []string{"security"}}
		r.Approve = anyApprove(t, end)
		return r
	}
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		r.Reject = &policy.Reject{Reason: "why", Expires: end}
	case 1:
		r.Hold = &policy.Hold{Reason: "why", Until: end}
	case 2:
		r.Require = &policy.Require{Approvers: rapid.IntRange(1, 2).Draw(t, "approvers"), Role: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "role")}
	default:
		r.Approve = anyApprove(t, end)
	}
	return r
}

func anyApprove(t *rapid.T, end string) *policy.Approve {
	a := &policy.Approve{
		After: hours(rapid.IntRange(0, 2).Draw(t, "after")), Anchor: rapid.SampledFrom([]policy.Anchor{policy.FirstSeen, policy.Released}).Draw(t, "anchor"),
		Fallback: rapid.SampledFrom([]policy.Anchor{"", policy.FirstSeen}).Draw(t, "fallback"),
	}
	if a.Until = end; end != "" {
		a.After = 0
	}
	return a
}

func anyUpdate(t *rapid.T) inventory.Update {
	name := rapid.SampledFrom([]string{"openssl", "opensSl", "linux-image-1", "linux-libc", "bash"}).Draw(t, "name")
	u := inventory.Update{
		Name: name, PURL: "pkg:deb/debian/" + name + "@1", Class: rapid.SampledFrom(inventory.Classes).Draw(t, "class"),
		Severity: rapid.SampledFrom(inventory.Severities).Draw(t, "severity"), Exploited: rapid.Bool().Draw(t, "exploited"),
		Origin:     rapid.SampledFrom([]string{"", "Debian", "Debian-Security", "Other"}).Draw(t, "origin"),
		Advisories: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"DSA-1", "DSA-2", "USN-1"}), 0, 2, rapid.ID[string]).Draw(t, "advisories"),
		FirstSeen:  today.Add(-time.Duration(rapid.IntRange(0, 3).Draw(t, "seen")) * time.Hour),
	}
	if rapid.Bool().Draw(t, "released") {
		at := today.Add(-time.Duration(rapid.IntRange(0, 40).Draw(t, "age")) * time.Hour)
		u.Released = &at
	}
	return u
}

// decider is the rule that decides on an update today.
func decider(t *policy.Tenant, u inventory.Update) string {
	var a decision.Answer
	for _, r := range t.Rules {
		switch {
		case !takes(*r.Match, u):
		case r.Grants():
			a.Grants = append(a.Grants, decision.Grant{Rule: r.Name, Approve: r.Approve, Require: r.Require})
		default:
			a.Blocks = append(a.Blocks, decision.BlockOf(r))
		}
	}
	if len(a.Grants) == 0 && t.Otherwise != nil {
		a.Grants = []decision.Grant{{Rule: t.Otherwise.Name, Require: t.Otherwise.Require}}
	}
	return decision.Decide(decision.Query{Policy: t, Ring: &policy.Ring{Name: "r"}, Update: u, Answer: a, At: today}).Rule
}

// TestWhatIsIdleDecidesNothing: no update makes a rule that is reported the one that decides.
func TestWhatIsIdleDecidesNothing(t *testing.T) {
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		tenant := &policy.Tenant{Name: "a", Timezone: "UTC", Otherwise: &policy.Rule{Name: "otherwise", Require: &policy.Require{Approvers: 1, Role: "ops"}}}
		alike := rapid.Bool().Draw(t, "alike")
		for i := range rapid.IntRange(2, 4).Draw(t, "rules") {
			tenant.Rules = append(tenant.Rules, anyRule(t, fmt.Sprint("r", i), alike))
		}
		reported := said(tenant)
		if reported == "" {
			return
		}
		found++
		for range 30 {
			u := anyUpdate(t)
			by := decider(tenant, u)
			if slices.Contains(strings.FieldsFunc(reported, func(r rune) bool { return r == ' ' || r == ',' }), "approval."+by) {
				t.Fatalf("%s, but %s decides on %+v; %+v", reported, by, u, tenant.Rules)
			}
		}
	})
	if found == 0 {
		t.Error("nothing was ever reported")
	}
}

func TestEndsAhead(t *testing.T) {
	rule := reject("no-openssl", openssl, "2026-11-30")
	rule.Source = "tenants/a/tenant.cue:4:2"
	tenant := &policy.Tenant{
		Timezone: "UTC", Rules: []policy.Rule{rule},
		Exploited: []policy.Declared{{CVE: "CVE-2026-1234", Expires: "2027-01-01T12:00", Source: "tenants/a/tenant.cue:9:2"}},
	}
	for at, want := range map[string]string{
		"2026-11-16T23:59:59Z": "",
		"2026-11-17T00:00:01Z": "RF1057 the rejection no-openssl ends with 2026-11-30, in 13 days",
		"2026-11-30T12:00:00Z": "RF1057 the rejection no-openssl ends with 2026-11-30, in less than a day",
		"2026-12-01T00:00:00Z": "RF1040 the rejection no-openssl ended with 2026-11-30",
		"2026-12-31T00:00:00Z": "RF1040 the rejection no-openssl ended with 2026-11-30; RF1057 the declaration of CVE-2026-1234 ends with 2027-01-01T12:00, in 1 day",
	} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range NewAhead(instant).Tenant(tenant) {
			got = append(got, fmt.Sprintf("%s %s", d.Code, d.Summary))
			if d.Severity != diag.Warning {
				t.Errorf("%v", d)
			}
		}
		if s := strings.Join(got, "; "); s != want {
			t.Errorf("at %s: %q, want %q", at, s, want)
		}
	}
}
