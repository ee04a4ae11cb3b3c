package decide

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
)

// Question is what a tenant's rules are asked about updates, as bytes for a Replayer in another process. Equal
// questions have equal bytes and equal answers.
type Question struct {
	Input   []byte          // a document as Rules.Input makes them, but for its order
	Modules []policy.Module // which it names, in its order

	ids   []string // digests of its classes
	index []int    // the class of each update
	own   []policy.Module
}

// Question asks about updates.
func (r Rules) Question(updates []inventory.Update) (Question, error) {
	classes, ids, index := intern(updates)
	raw, err := json.Marshal(r.input(classes))
	return Question{Input: raw, Modules: r.Modules(), ids: ids, index: index, own: r.tenant.Modules}, err
}

// Answers gives each update the answer of its class.
func (q Question) Answers(byClass []decision.Answer) ([]decision.Answer, error) {
	if len(byClass) != len(q.ids) {
		return nil, fmt.Errorf("%w: %d answers for %d classes", errWrongType, len(byClass), len(q.ids))
	}
	answers, _ := spread(byClass, q.ids, q.index)
	return answers, nil
}

// Denied answers every update alike, with a block that says why: nobody could be asked.
func (q Question) Denied(why string) []decision.Answer {
	byClass := make([]decision.Answer, len(q.ids))
	for i := range byClass {
		byClass[i] = failed(customPackage, errors.New(why))
		byClass[i].Blocks[0].Source = q.Place().String()
	}
	answers, _ := spread(byClass, q.ids, q.index)
	return answers
}

// Place is where a reader should look when the user's modules as a whole are to blame: the tenant's own before the
// baseline's.
func (q Question) Place() diag.Range {
	start := diag.Pos{Line: 1, Column: 1}
	if n := len(q.own); n > 0 {
		return diag.Range{File: q.own[n-1].Path, Start: start, End: start} // sorted by path, baseline first
	}
	return diag.Range{}
}

// packed is an Ask's result on its way between processes: most classes of updates share one of few answers.
type packed struct {
	Answers []decision.Answer `json:"answers"` // distinct
	Of      []int             `json:"of"`      // which of them each class has
	Diags   diag.List         `json:"diags,omitempty"`
	Error   string            `json:"error,omitempty"`
}

// Pack encodes what Ask returned.
func Pack(answers []decision.Answer, err error) []byte {
	p := packed{Of: make([]int, len(answers))}
	p.Diags, p.Error = faults(err)
	seen := map[string]int{}
	for i, a := range answers {
		key := string(encoded(a))
		at, ok := seen[key]
		if !ok {
			at = len(p.Answers)
			seen[key] = at
			p.Answers = append(p.Answers, a)
		}
		p.Of[i] = at
	}
	return encoded(p)
}

// Unpack returns what Pack was given. Whatever the bytes are, it ends with answers or an error. Classes of one answer
// share its lists.
func Unpack(data []byte) ([]decision.Answer, error) {
	var p packed
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("%w: %w", errWrongType, err)
	}
	if err := fault(p.Diags, p.Error); err != nil {
		return nil, err
	}
	out := make([]decision.Answer, len(p.Of))
	for i, at := range p.Of {
		if at < 0 || at >= len(p.Answers) {
			return nil, errWrongType
		}
		out[i] = p.Answers[at]
	}
	return out, nil
}

// packedTests is the result of Test on the same way.
type packedTests struct {
	Tests []TestResult
	Rules []TestedRule
	Diags diag.List
	Error string
}

// PackTests encodes what Test returned.
func PackTests(tests []TestResult, rules []TestedRule, err error) []byte {
	p := packedTests{Tests: tests, Rules: rules}
	p.Diags, p.Error = faults(err)
	return encoded(p)
}

// UnpackTests returns what PackTests was given.
func UnpackTests(data []byte) ([]TestResult, []TestedRule, error) {
	var p packedTests
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errWrongType, err)
	}
	return p.Tests, p.Rules, fault(p.Diags, p.Error)
}

func encoded(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // it is made of strings and numbers
	}
	return data
}

// faults takes an error apart that has to travel, fault puts it together.
func faults(err error) (list diag.List, text string) {
	switch {
	case err == nil:
		return nil, ""
	case errors.As(err, &list):
		return list, ""
	}
	return nil, err.Error()
}

func fault(list diag.List, text string) error {
	if text != "" {
		return errors.New(text)
	}
	return list.Err()
}
