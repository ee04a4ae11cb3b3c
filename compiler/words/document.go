// Package words renders the compiled policy of a tenant in plain English, for people who review it and do not read CUE.
//
// Describe is a pure function: the same policy and instant give the same document. It renders the policy as compiled,
// so what it says is what plan and apply go by. A test walks every field of policy.Tenant by reflection: one that
// changes no sentence, and that is not listed with the reason why, fails it. So a field that is added to the policy
// needs its sentence here.
package words

import (
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
	"github.com/ringfence/ringfence/internal/canonical"
)

// Document is a policy in words.
type Document struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"` // "PolicyWords"
	Title      string    `json:"title"`
	Tenant     string    `json:"tenant"`
	At         time.Time `json:"at"` // from which the next windows are counted
	Lines      []Line    `json:"lines"`
	Sections   []Section `json:"sections"`
}

// Section is one subject, such as the rings.
type Section struct {
	Title string `json:"title"`
	Lines []Line `json:"lines"` // what holds for all of its items
	Items []Item `json:"items"`
}

// Item is one ring, lane, freeze, rule or window.
type Item struct {
	Name   string `json:"name"`
	Source string `json:"source"`
	Lines  []Line `json:"lines"`
}

// Line is one or a few sentences and where the policy says so.
type Line struct {
	Text   string `json:"text"`
	Source string `json:"source,omitempty"` // path:line:column
}

// Describe renders a policy. Windows are counted from at on, with freezes cut out.
func Describe(t *policy.Tenant, at time.Time) Document {
	d := describer{t: t, at: at, loc: zone(t)}
	out := Document{APIVersion: canonical.APIVersion, Kind: "PolicyWords", Title: "The patch policy of " + t.Name, Tenant: t.Name, At: at, Lines: d.tenant()}
	for _, s := range []Section{d.rings(), d.groups(), d.lanes(), d.approval(), d.declared(), d.freezes(), d.modules(), d.off(), d.accepted(), d.spare(), d.strays()} {
		if len(s.Lines)+len(s.Items) > 0 {
			s.Lines, s.Items = append([]Line{}, s.Lines...), append([]Item{}, s.Items...) // a list in JSON, also if empty
			out.Sections = append(out.Sections, s)
		}
	}
	return out
}

// describer is what every sentence may need to know.
type describer struct {
	t   *policy.Tenant
	at  time.Time
	loc *time.Location // the tenant's
}

// zone is the tenant's zone; a compiled tenant always has one.
func zone(t *policy.Tenant) *time.Location {
	if loc, err := window.Zone(t.Timezone); err == nil {
		return loc
	}
	return time.UTC
}

// tenant says what holds for all of the tenant.
func (d describer) tenant() []Line {
	out := []Line{{"Times are wall times of " + d.t.Timezone + ", unless another zone is named.", d.t.LineOf("timezone")}}
	if d.t.Disabled {
		out = append(out, Line{"It is switched off: nothing of it is scanned, planned or run.", d.t.LineOf("enabled")})
	}
	if d.t.Breaker {
		out = append(out, Line{"It shares the breaker with other tenants: an update that failed on too many of their hosts is held here, too, " +
			"and what fails here counts there.", d.t.LineOf("breaker")})
	}
	if d.t.SharesEvidence {
		out = append(out, Line{"It shares its evidence: other tenants' pools count on how many of its hosts an update succeeded or failed. No host is named.", d.t.LineOf("sharesEvidence")})
	}
	if d.t.TestClock {
		out = append(out, Line{"It has a test clock: records may carry a made-up time, and prove nothing about real hosts.", d.t.LineOf("testClock")})
	}
	return out
}
