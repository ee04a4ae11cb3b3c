package verify

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// Code names what is wrong. Codes are contract: people and scripts branch on them.
type Code string

// The codes. All but NoName, a second outcome, Unsigned before the first signature, and StateVersion of states that say
// what the records add up to, are errors.
const (
	Chain        Code = "CHAIN"         // a record is not the only child of the one before, or a commit is missing
	Number       Code = "NUMBER"        // a gap, a repetition, or numbers that contradict each other
	Form         Code = "FORM"          // the commit says something else than its record: trailers, time, author
	Unreadable   Code = "UNREADABLE"    // a record, state or tree that cannot be read; nothing after it is judged
	Tree         Code = "TREE"          // a file that has no place in a record
	State        Code = "STATE"         // not what the records so far add up to
	StateVersion Code = "STATE_VERSION" // states of another version, which cannot be recomputed
	Snapshot     Code = "SNAPSHOT"      // damaged, of another site, changed by a record that scanned nothing
	Clock        Code = "CLOCK"         // a record, or an action in it, that is earlier than what it follows
	Fence        Code = "FENCE"         // something was announced under a lease that had been taken over
	Unsigned     Code = "UNSIGNED"      // no signature where there must be one
	Signature    Code = "SIGNATURE"     // a signature that does not fit the record
	UnknownKey   Code = "UNKNOWN_KEY"   // a signature by a key that is not allowed
	NotValid     Code = "NOT_VALID"     // a signature by a key outside its time
	NoName       Code = "NO_NAME"       // the runner that the record names is not the one whose key signed
	PolicyBack   Code = "POLICY_BACK"   // a policy commit that does not descend from the last one
	PolicyGone   Code = "POLICY_GONE"   // a policy commit that the policy repository does not have
	Inputs       Code = "INPUTS"        // recorded inputs that are missing, damaged, or not what the record names
	Plan         Code = "PLAN"          // a recorded plan that is damaged, or not the one the record names
	NotPlanned   Code = "NOT_PLANNED"   // an action that its plan does not have
	NoIntent     Code = "NO_INTENT"     // an action that was not announced before it started
	Twice        Code = "TWICE"         // an action that was announced or ended twice
	Other        Code = "OTHER_ACTION"  // an outcome of something else than was announced
	Window       Code = "WINDOW"        // started outside its window
	Gate         Code = "GATE"          // started before an earlier ring's evidence allowed it
	Budget       Code = "BUDGET"        // more hosts of a ring down than maxUnavailable
	Breaker      Code = "BREAKER"       // started though the breaker held it
	Replay       Code = "REPLAY"        // the inputs give another plan
	NotReplayed  Code = "NOT_REPLAYED"  // the inputs do not suffice to make the plan again
	Truncated    Code = "TRUNCATED"     // a record that was seen is not there any more
	Forked       Code = "FORKED"        // another record stands where one was seen
)

// Codes lists the codes.
var Codes = []Code{
	Chain, Number, Form, Unreadable, Tree, State, StateVersion, Snapshot, Clock, Fence, Unsigned, Signature, UnknownKey, NotValid, NoName, PolicyBack,
	PolicyGone, Inputs, Plan, NotPlanned, NoIntent, Twice, Other, Window, Gate, Budget, Breaker, Replay, NotReplayed, Truncated, Forked,
}

// Severity says whether a finding damns the ledger.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Finding is one thing that is wrong with one record.
type Finding struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Seq      int      `json:"seq"` // 0: the ledger as a whole
	Commit   string   `json:"commit"`
	Msg      string   `json:"msg"` // neutralised
}

// String is one line for people.
func (f Finding) String() string {
	if f.Seq == 0 {
		return fmt.Sprintf("%s[%s]: %s", f.Severity, f.Code, f.Msg)
	}
	return fmt.Sprintf("%s[%s]: record %d (%.12s): %s", f.Severity, f.Code, f.Seq, f.Commit, f.Msg)
}

// Report is the result: a document of its own.
type Report struct {
	APIVersion    string         `json:"apiVersion"`
	Kind          string         `json:"kind"` // "Verification"
	Tenant        string         `json:"tenant"`
	Head          string         `json:"head"`
	Records       int            `json:"records"`
	From          *time.Time     `json:"from"` // of the first record and the last
	To            *time.Time     `json:"to"`
	Signed        int            `json:"signed"`        // records whose signature counts
	WithSignature int            `json:"withSignature"` // records that carry one, also where it does not count or nobody judged it
	Signers       []SignerCount  `json:"signers"`
	Runs          int            `json:"runs"`     // that started something
	Replayed      int            `json:"replayed"` // runs whose plan was made again
	Actions       map[string]int `json:"actions"`  // announced, by where they stand
	NotJudged     []string       `json:"notJudged"`
	Findings      []Finding      `json:"findings"`
	More          int            `json:"more"` // findings beyond the limit
}

// SignerCount says how many records a signer signed.
type SignerCount struct {
	Principal   string `json:"principal"`
	Fingerprint string `json:"fingerprint"`
	Records     int    `json:"records"`
	Line        string `json:"-"` // of allowed_signers
}

// maxFindings bounds the list: a ledger that is wrong everywhere needs no longer one.
const maxFindings = 1000

func newReport(in Input) Report {
	r := Report{
		APIVersion: canonical.APIVersion, Kind: "Verification", Tenant: in.Tenant, Signers: []SignerCount{}, Actions: map[string]int{},
		NotJudged: []string{}, Findings: []Finding{},
	}
	for what, skipped := range map[string]bool{
		"signatures: no allowed signers were given":                   in.Signers == nil,
		"the order of policy commits: no policy repository was given": in.Policies == nil,
		"decisions and plans: nothing that evaluates rules was given": in.Decide == nil,
		"truncation: no record that somebody saw was given (--head)":  in.Seen == nil,
	} {
		if skipped {
			r.NotJudged = append(r.NotJudged, what)
		}
	}
	slices.Sort(r.NotJudged)
	return r
}

// OK reports whether nothing is wrong. Warnings do not count.
func (r *Report) OK() bool {
	return !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity == Error })
}

func (r *Report) finish() *Report {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Msg, b.Msg))
	})
	slices.SortFunc(r.Signers, func(a, b SignerCount) int { return cmp.Compare(a.Fingerprint, b.Fingerprint) })
	return r
}

// found adds an error about a record; s is nil for the ledger as a whole.
func (v *verifier) found(s *step, code Code, format string, args ...any) {
	v.add(Error, s, code, format, args...)
}

func (v *verifier) warn(s *step, code Code, format string, args ...any) {
	v.add(Warning, s, code, format, args...)
}

func (v *verifier) add(severity Severity, s *step, code Code, format string, args ...any) {
	if len(v.report.Findings) >= maxFindings {
		v.report.More++
		if severity == Error { // an error is never crowded out by warnings
			v.report.Findings[maxFindings-1].Severity = Error
		}
		return
	}
	f := Finding{Code: code, Severity: severity, Msg: untrusted.Line(fmt.Sprintf(format, args...), 400)}
	if s != nil {
		f.Seq, f.Commit = s.seq, s.commit.Hash
	}
	v.report.Findings = append(v.report.Findings, f)
}

// note counts a record that was read.
func (v *verifier) note(s *step) {
	v.report.Records++
	at := s.record.At
	if v.report.From == nil {
		v.report.From = &at
	}
	v.report.To = &at
}
