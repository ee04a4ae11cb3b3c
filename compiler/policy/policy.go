// Package policy is the compiled, typed policy of one tenant: what CUE files, hosts files and Rego modules say once
// every default is filled in and every name resolved. It is plain data with one canonical form and digest; plan,
// decide and runner read nothing else of the repository.
package policy

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringfence/ringfence/internal/canonical"
)

// Set is what one compilation yields: every tenant that compiled, sorted by name, and the repository's settings.
type Set struct {
	Tenants  []*Tenant
	Settings *Settings // nil: something is wrong with them, so nobody knows what they are
}

// Tenant returns the tenant of that name, or nil.
func (s *Set) Tenant(name string) *Tenant {
	for _, t := range s.Tenants {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// Tenant is a customer or department. Lists are sorted by name; maps do not occur, so encoding is stable.
type Tenant struct {
	APIVersion     string   `json:"apiVersion"`
	Kind           string   `json:"kind"` // "Policy"
	Name           string   `json:"tenant"`
	Timezone       string   `json:"timezone"` // IANA name
	TestClock      bool     `json:"testClock,omitempty"`
	Breaker        bool     `json:"breaker,omitempty"`        // shares the breaker of the repository
	SharesEvidence bool     `json:"sharesEvidence,omitempty"` // counts in the pool of other tenants
	Disabled       bool     `json:"disabled,omitempty"`       // enabled: false; it compiles and is never planned
	Rings          []Ring   `json:"rings"`
	Windows        []Window `json:"windows"`
	Lanes          []Lane   `json:"lanes"`
	Freezes        []Freeze `json:"freezes"`
	Rules          []Rule   `json:"rules"`
	Otherwise      *Rule    `json:"otherwise,omitempty"` // applies only when no other rule matched
	Hosts          []Host   `json:"hosts"`
	Modules        []Module `json:"modules"` // the user's Rego, sorted by path
	// Off names what the policy declares and switches off, as "windows.weeknight"; it stands in no other list. Sorted.
	Off       []string   `json:"off,omitempty"`
	Exploited []Declared `json:"exploited,omitempty"` // sorted by CVE
	Source    string     `json:"source"`              // path:line:column

	Groups []Group `json:"groups,omitempty"` // sorted by name

	Accepts []Acceptance `json:"accepts,omitempty"` // sorted by name

	// Lines are where fields that stand in the tenant itself are set, by their name. Like a host's source they are for
	// people only, and stand in no document.
	Lines map[string]string `json:"-"`
}

// LineOf is the line at which a field of the tenant is set, or the tenant's own.
func (t *Tenant) LineOf(field string) string { return cmp.Or(t.Lines[field], t.Source) }

// Ring is one stage of the rollout.
type Ring struct {
	Name           string        `json:"ring"`
	Select         []Label       `json:"select"` // all must be equal
	Window         string        `json:"window"`
	Windows        []string      `json:"windows,omitempty"` // set instead of Window when there are several; sorted
	Requires       []Requirement `json:"requires"`          // sorted by ring
	MaxUnavailable Amount        `json:"maxUnavailable"`
	UnavailablePer []LabelAmount `json:"maxUnavailablePer,omitempty"` // sorted by label
	StopAtFailures int           `json:"stopAtFailures"`              // no further start in this ring once so many hosts failed in one run
	Reboot         Reboot        `json:"reboot"`
	RebootWindow   string        `json:"rebootWindow,omitempty"`  // where set, reboots wait for it
	RebootWindows  []string      `json:"rebootWindows,omitempty"` // set instead of RebootWindow when there are several; sorted
	Source         string        `json:"source"`
	SelectSource   string        `json:"selectSource"`
	SelectBy       []Choice      `json:"selectBy,omitempty"` // further conditions on labels, sorted by key
	Share          *Share        `json:"share,omitempty"`    // of the hosts that the labels select
	// RequiresAny are alternatives, each sorted by ring: where there are any, all requirements of one of them must hold.
	RequiresAny [][]Requirement `json:"requiresAny,omitempty"`
	CatchUp     CatchUp         `json:"catchUp,omitzero"`
}

// Label is one key and value.
type Label struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Reboot says what a ring does with a host that asks for a reboot after patching.
type Reboot string

// The reboot rules.
const (
	RebootNever      Reboot = "never"
	RebootIfRequired Reboot = "if-required"
)

// RebootOf is the rule of installations in a ring and a lane, which is nil for the default one: a lane that has a rule of
// its own decides; else, where the ring's reboots have a window of their own, no installation reboots its host.
func RebootOf(r Ring, l *Lane) Reboot {
	switch {
	case l != nil && l.Reboot != "":
		return l.Reboot
	case r.OwnReboots():
		return RebootNever
	}
	return r.Reboot
}

// OwnReboots reports whether the ring's reboots have other windows than its installations.
func (r Ring) OwnReboots() bool {
	names := r.RebootWindowNames()
	return r.Reboot == RebootIfRequired && len(names) > 0 && !slices.Equal(names, r.WindowNames())
}

// Amount is a count or a percentage of a ring's hosts: exactly one field is set.
type Amount struct {
	Count   int `json:"count,omitempty"`
	Percent int `json:"percent,omitempty"`
}

// Of returns how many of n hosts the amount allows: percentages round down, but at least 1 so that a small ring can
// move at all.
func (a Amount) Of(n int) int {
	if a.Count > 0 {
		return a.Count
	}
	return max(1, n*a.Percent/100)
}

// Window is a recurring interval in wall time. Exactly one of Always, Days, Monthly, Dates, RRule and Events is set.
type Window struct {
	Name     string   `json:"window"`
	Always   bool     `json:"always,omitempty"`
	Days     []string `json:"days,omitempty"` // mon..sun, of the start
	Monthly  *Monthly `json:"monthly,omitempty"`
	Dates    []string `json:"dates,omitempty"`  // "2026-12-05", of the start; sorted
	RRule    string   `json:"rrule,omitempty"`  // RFC 5545, dates of the start
	From     string   `json:"from,omitempty"`   // the date that RRule counts from
	Events   []Event  `json:"events,omitempty"` // of a calendar file
	Start    string   `json:"start,omitempty"`  // "22:00"
	Duration Duration `json:"duration,omitempty"`
	Timezone string   `json:"timezone,omitempty"` // IANA name or HostZone; none: the tenant's
	Source   string   `json:"source"`
}

// HostZone is the timezone of a window or freeze that every host reads in its own zone, which ZoneLabel names.
const HostZone = "host"

// ZoneLabel is the label of a host that names its IANA zone.
const ZoneLabel = "timezone"

// Event is an entry of a calendar file. Exactly one of Duration and Days is set.
type Event struct {
	Starts   string   `json:"starts"`             // wall time of the first, "2026-12-05T20:00"
	Timezone string   `json:"timezone,omitempty"` // IANA name; none: that of the window or freeze
	Duration Duration `json:"duration,omitempty"`
	Days     int      `json:"days,omitempty"`   // it ends at the same wall time so many dates later
	RRule    string   `json:"rrule,omitempty"`  // dates, counted from Starts
	Also     []string `json:"also,omitempty"`   // further starts as wall times, sorted
	Except   []string `json:"except,omitempty"` // starts that do not take place, sorted
	Source   string   `json:"source"`
}

// Monthly is the nth weekday of a month plus any number of days, which may lead into another month.
type Monthly struct {
	Nth        int    `json:"nth"` // 1..5, or -1 for the last
	Weekday    string `json:"weekday"`
	OffsetDays int    `json:"offsetDays"`
}

// Lane replaces a ring's window, soak and reboot for the updates it matches. Nil fields are the ring's.
type Lane struct {
	Name     string    `json:"lane"`
	Match    Match     `json:"match"`
	Window   string    `json:"window,omitempty"`
	Windows  []string  `json:"windows,omitempty"` // set instead of Window when there are several; sorted
	Soak     *Duration `json:"soak,omitempty"`
	Reboot   Reboot    `json:"reboot,omitempty"`
	Passes   []string  `json:"passes,omitempty"` // freezes that do not count for it, sorted
	Priority int       `json:"priority"`
	Source   string    `json:"source"`
	Canary   Amount    `json:"canary,omitzero"` // of each ring's hosts, who go first; zero: none do
	// StaleAfter is how long a host may lack the lane's newer versions, or go unscanned, before that is an alarm; 0: ever.
	StaleAfter Duration `json:"staleAfter,omitempty"`
}

// DefaultLane is the lane of an update that no lane matches.
const DefaultLane = "default"

// Freeze is an interval in which nothing starts, except what Allow matches.
type Freeze struct {
	Name     string  `json:"freeze"`
	Starts   string  `json:"starts"` // wall time, "2026-12-18T18:00"; starts and ends are empty where there are events
	Ends     string  `json:"ends"`
	Events   []Event `json:"events,omitempty"`   // of a calendar file
	Timezone string  `json:"timezone,omitempty"` // IANA name or HostZone; none: the tenant's
	Allow    *Match  `json:"allow,omitempty"`
	Reason   string  `json:"reason"`
	Source   string  `json:"source"`
}

// Host is one machine. It is data of a hosts file, not policy, but it decides ring membership.
type Host struct {
	Name    string `json:"name"`
	Address string `json:"address,omitempty"` // host or host:port
	User    string `json:"user,omitempty"`
	// Credential is the name by which the runner knows the key to log in with; never the key.
	Credential string   `json:"credential,omitempty"`
	Providers  []string `json:"providers"`
	Labels     []Label  `json:"labels"` // sorted by key
	// Source is for diagnostics only: it stands in no document, since a line that moves in a hosts file moves no plan.
	Source string `json:"-"`
}

// Label returns the value of a label, or "".
func (h Host) Label(key string) string {
	for _, l := range h.Labels {
		if l.Key == key {
			return l.Value
		}
	}
	return ""
}

// DefaultSite is the site of a host without a site label.
const DefaultSite = "main"

// Site is where a runner can reach the host.
func (h Host) Site() string {
	if s := h.Label("site"); s != "" {
		return s
	}
	return DefaultSite
}

// RingOf returns the one ring of a host; ok is false when none or several claim it.
func (t *Tenant) RingOf(h Host) (ring *Ring, ok bool) {
	for i := range t.Rings {
		if !t.Rings[i].In(h) {
			continue
		}
		if ring != nil {
			return nil, false
		}
		ring = &t.Rings[i]
	}
	return ring, ring != nil
}

// Window returns the window of that name, or nil.
func (t *Tenant) Window(name string) *Window {
	for i := range t.Windows {
		if t.Windows[i].Name == name {
			return &t.Windows[i]
		}
	}
	return nil
}

// Module is one Rego file of the user's.
type Module struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// Settings are the tool settings of ringfence.cue.
type Settings struct {
	Providers []ProviderSettings `json:"providers"` // sorted by name
	Ledger    LedgerSettings     `json:"ledger"`
	Control   ControlSettings    `json:"control"`
	Breaker   BreakerSettings    `json:"breaker"`
}

// ControlSettings say what it takes to lift a halt order or release the breaker.
type ControlSettings struct {
	Approvers int    `json:"approvers,omitempty"` // different persons who must sign; 0: anybody, unsigned too
	Source    string `json:"source,omitempty"`
}

// BreakerSettings say when an update is held for all tenants that share the breaker. The zero value never holds one.
type BreakerSettings struct {
	Hosts int `json:"hosts,omitempty"` // once it failed on so many of their hosts
}

// LedgerSettings say where records are kept. The zero value keeps them on branches of the policy repository here.
type LedgerSettings struct {
	Remote   string `json:"remote,omitempty"` // the Git remote on which all runners meet
	Signed   bool   `json:"signed,omitempty"` // unsigned records are refused
	SignedAt string `json:"signedAt,omitempty"`
}

// ProviderSettings configure one provider. Path is set for third-party providers only.
type ProviderSettings struct {
	Name   string            `json:"name"`
	Path   string            `json:"path,omitempty"`
	Config map[string]string `json:"config,omitempty"`
	Source string            `json:"source"`
}

// Provider returns the settings of a provider; built-in ones may have none.
func (s Settings) Provider(name string) (ProviderSettings, bool) {
	for _, p := range s.Providers {
		if p.Name == name {
			return p, true
		}
	}
	return ProviderSettings{}, false
}

// Digest is the identity of the compiled policy: it covers everything that plan reads of it.
func (t *Tenant) Digest() (string, error) { return canonical.Digest(t) }

// Duration encodes as Go writes it ("48h0m0s") and is never negative.
type Duration time.Duration

// Std returns the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String prints the shortest exact form: "72h", "30m", "1h30m".
func (d Duration) String() string { return short(time.Duration(d)) }

// MarshalText writes the shortest exact form.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}
