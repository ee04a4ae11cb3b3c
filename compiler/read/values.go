package read

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cuelang.org/go/cue"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/suggest"
	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// str reads a string; what completes "must be …". It is "" if there is none.
func (n node) str(what string) string {
	v, ok := n.concrete()
	if !ok {
		return ""
	}
	s, err := v.String()
	if err != nil {
		n.wrongKind(what, nil)
		return ""
	}
	return s
}

// matching reads a string of a grammar.
func (n node) matching(grammar *lazyregexp.Regexp, code diag.Code, what string) string {
	s := n.str(what)
	if s != "" && !grammar.MatchString(s) || s == "" && n.isEmptyString() {
		n.rejectWith(diag.New(code, "%s must be %s, not %q", n.name(), what, diag.Short(s)).WithFix("%s", fixOf(grammar, s)))
		return ""
	}
	return s
}

// fixOf says how a value in another notation is written.
func fixOf(grammar *lazyregexp.Regexp, s string) string {
	switch {
	case grammar == percentGrammar:
		return percentFix(s)
	case grammar == nameGrammar:
		return nameRule
	}
	return ""
}

func (n node) isEmptyString() bool {
	v, _ := n.v.Default()
	s, err := v.String()
	return err == nil && s == ""
}

// enum reads one of a closed set.
func (n node) enum(values ...string) string {
	what := "one of " + quoted(values)
	if len(values) == 1 {
		what = quoted(values)
	}
	s := n.str(what)
	if s == "" && !n.isEmptyString() || slices.Contains(values, s) {
		return s
	}
	if list := daysBetween(s, values); len(list) > 0 {
		n.rejectWith(diag.New(diag.WrongValue, "%s must be %s, not %q", n.name(), what, diag.Short(s)).WithFix("write each of them: %s", quoted(list)))
		return ""
	}
	n.reject(diag.WrongValue, "must be %s, not %q%s", what, diag.Short(s), suggest.Phrase(cmp.Or(suggest.Word(s, values), abbreviated(s, values))))
	return ""
}

// abbreviated is the one value that begins the word: mon for Monday.
func abbreviated(word string, values []string) string {
	for _, v := range values {
		if len(v) >= 3 && strings.HasPrefix(strings.ToLower(word), v) && !strings.Contains(word, "-") {
			return v
		}
	}
	return ""
}

// daysBetween are the values from one to another: mon-fri.
func daysBetween(s string, values []string) []string {
	first, last, ok := strings.Cut(strings.NewReplacer("–", "-", " to ", "-", " ", "").Replace(strings.ToLower(s)), "-")
	from, to := slices.Index(values, abbreviated(first, values)), slices.Index(values, abbreviated(last, values))
	if !ok || from < 0 || to <= from {
		return nil
	}
	return values[from : to+1]
}

func quoted(values []string) string {
	var out []string
	for _, v := range values {
		out = append(out, strconv.Quote(v))
	}
	return strings.Join(out, ", ")
}

// boolean reads true or false; nil if the field is absent.
func (n node) boolean() *bool {
	v, ok := n.concrete()
	if !ok {
		return nil
	}
	b, err := v.Bool()
	if err != nil {
		n.wrongKind("true or false", nil)
		return nil
	}
	return &b
}

// integer reads a whole number within bounds; 0 if the field is absent.
func (n node) integer(low, high int) int {
	v, ok := n.concrete()
	if !ok {
		return 0
	}
	what := fmt.Sprintf("a whole number of at least %d", low)
	switch whole := v.Kind() == cue.IntKind; {
	case low == -maxCount && !whole:
		what = "a whole number"
	case high < maxCount || whole && above(v, low):
		what = fmt.Sprintf("a whole number from %d to %d", low, high)
	}
	i, err := v.Int64()
	if err != nil || i < int64(low) || i > int64(high) {
		n.wrongKind(what, nil)
		return 0
	}
	return int(i)
}

// above reports whether a whole number is not below low, so that its mistake is to be too large.
func above(v cue.Value, low int) bool {
	i, err := v.Int64()
	return low == -maxCount || errors.Is(err, cue.ErrBelow) || err == nil && i >= int64(low)
}

const maxCount = 1 << 30

var (
	nameGrammar    = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)
	percentGrammar = lazyregexp.New(`^(100|[1-9][0-9]?)%$`)
)

const aName = "a name"

const nameRule = "names are letters, digits, - and _, and begin with a letter or digit; at most 63"

// some reports a list that is there and empty.
func (n node) some(what string) {
	v, _ := n.v.Default()
	if l, err := v.List(); n.exists() && err == nil && !l.Next() {
		n.reject(diag.EmptyMatch, "is empty; name at least %s", what)
	}
}

// percent reads "95%".
func (n node) percent() int {
	const what = `a percentage from "1%" to "100%"`
	if number := n.bareNumber(); number != "" {
		n.rejectWith(diag.New(diag.WrongValue, "%s must be %s, not %s", n.name(), what, number).WithFix("%s", percentFix(number)))
		return 0
	}
	s := n.matching(percentGrammar, diag.WrongValue, what)
	i, _ := strconv.Atoi(strings.TrimSuffix(s, "%"))
	return i
}

// amount reads a count or a percentage.
func (n node) amount() policy.Amount {
	const what = `a count of at least 1 or a percentage from "1%" to "100%"`
	v, ok := n.concrete()
	if !ok {
		return policy.Amount{}
	}
	if v.Kind() == cue.StringKind {
		if s, err := v.String(); err == nil && bare.MatchString(s) {
			n.rejectWith(diag.New(diag.WrongValue, "%s must be %s, not %q", n.name(), what, s).
				WithFix("write %s for so many, or \"%s%%\"", s, s))
			return policy.Amount{}
		}
		return policy.Amount{Percent: n.percent()}
	}
	if i, err := v.Int64(); err == nil && i >= 1 && i <= maxCount {
		return policy.Amount{Count: int(i)}
	}
	if v.Kind() == cue.IntKind && above(v, 1) {
		n.wrongKind(fmt.Sprintf("a count from 1 to %d", maxCount), nil)
		return policy.Amount{}
	}
	n.wrongKind(what, nil)
	return policy.Amount{}
}

// positive reads a duration that is longer than nothing; zero if the field is absent.
func (n node) positive() policy.Duration {
	before := len(n.r.diags)
	d := n.duration()
	if n.exists() && d == 0 && len(n.r.diags) == before {
		n.reject(diag.BadDuration, "must be longer than no time, such as %q", "24h")
	}
	return d
}

// duration reads "1d12h"; zero if the field is absent.
func (n node) duration() policy.Duration {
	const what = `a duration in days, hours, minutes and seconds such as "3d", "72h" or "30m"`
	if number := n.bareNumber(); number != "" {
		n.rejectWith(diag.New(diag.BadDuration, "%s must be %s, not %s", n.name(), what, number).WithFix("%s", durationFix(number)))
		return 0
	}
	s := n.str(what)
	if s == "" && !n.isEmptyString() {
		return 0
	}
	d, err := policy.ParseDuration(s)
	if err != nil {
		n.rejectWith(diag.New(diag.BadDuration, "%s must be %s, not %q", n.name(), what, diag.Short(s)).WithFix("%s", durationFix(s)))
	}
	return d
}

// bareNumber is the text of a number where a string with a unit belongs, "" for anything else.
func (n node) bareNumber() string {
	v, _ := n.v.Default()
	if v.Err() != nil || v.Kind() != cue.IntKind && v.Kind() != cue.FloatKind {
		return ""
	}
	return n.text()
}

// clock reads a wall time in one of time's layouts.
func (n node) clock(layout, what string) string {
	if number := n.bareNumber(); number != "" {
		n.rejectWith(diag.New(diag.WrongValue, "%s must be %s, not %s", n.name(), what, number).WithFix("%s", bareTimeFix(layout, number)))
		return ""
	}
	s := n.str(what)
	if s == "" && !n.isEmptyString() {
		return ""
	}
	if t, err := time.Parse(layout, s); err != nil || t.Format(layout) != s {
		n.rejectWith(diag.New(diag.BadTime, "%s must be %s, not %q", n.name(), what, diag.Short(s)).WithFix("%s", timeFix(layout, s)))
		return ""
	}
	return s
}
