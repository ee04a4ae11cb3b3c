package policy

// Match names a class of updates: every field that is set must hold, any entry of a list will do. An empty match is an
// error: it would be everything by accident. What is unknown of an update matches only where a list says "unknown".
type Match struct {
	Exploited      *bool    `json:"exploited,omitempty"`
	Classification []string `json:"classification,omitempty"`
	Severity       []string `json:"severity,omitempty"`
	Package        []string `json:"package,omitempty"`  // globs of names
	Origin         []string `json:"origin,omitempty"`   // globs; an unknown origin matches none
	Advisory       []string `json:"advisory,omitempty"` // globs; one of the update's advisories will do
	PURL           []string `json:"purl,omitempty"`     // exact updates
}

// Empty reports whether the match names nothing.
func (m Match) Empty() bool {
	return m.Exploited == nil && len(m.Classification)+len(m.Severity)+len(m.Package)+len(m.Origin)+len(m.Advisory)+len(m.PURL) == 0
}

// Anchor names the instant from which an approve rule counts.
type Anchor string

// The anchors.
const (
	Released  Anchor = "released"
	FirstSeen Anchor = "first-seen"
)

// Rule is one approval rule: exactly one of Approve, Require, Reject and Hold is set. The first two are grants, of which
// one is enough; the others block whatever is granted.
type Rule struct {
	Name    string   `json:"rule"`
	Match   *Match   `json:"match,omitempty"` // nil only in otherwise
	Approve *Approve `json:"approve,omitempty"`
	Require *Require `json:"require,omitempty"`
	Reject  *Reject  `json:"reject,omitempty"`
	Hold    *Hold    `json:"hold,omitempty"`
	Source  string   `json:"source"`
}

// Grants reports whether the rule is a way to approval.
func (r Rule) Grants() bool { return r.Approve != nil || r.Require != nil }

// Approve grants once anchor + After has passed; where Until is set, at once, if the anchor lies before its end.
type Approve struct {
	After    Duration `json:"after"`
	Until    string   `json:"until,omitempty"` // an End
	Anchor   Anchor   `json:"anchor"`
	Fallback Anchor   `json:"fallback,omitempty"` // when the anchor is unknown; none: it holds
}

// Require grants once so many people of a role have signed.
type Require struct {
	Approvers int    `json:"approvers"`
	Role      string `json:"role"`
}

// Reject forbids an update.
type Reject struct {
	Reason  string `json:"reason"`
	Expires string `json:"expires,omitempty"` // an End; none: for ever
}

// Hold keeps an update back.
type Hold struct {
	Reason string `json:"reason"`
	Until  string `json:"until,omitempty"` // an End; none: until the rule changes
}

// Declared says that a CVE is exploited before any feed does.
type Declared struct {
	CVE     string `json:"cve"`
	Reason  string `json:"reason"`
	Expires string `json:"expires"` // an End
	Source  string `json:"source"`
}
