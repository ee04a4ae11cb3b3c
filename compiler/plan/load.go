package plan

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gowebpki/jcs"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
)

// What can be wrong with a plan file. Every error of Load wraps exactly one of them.
var (
	ErrNotPlan   = errors.New("not a plan")                 // another kind of file
	ErrTruncated = errors.New("the plan file is cut short") // it ends in the middle
	ErrEdited    = errors.New("the plan file was changed")  // it is not what Encode wrote
)

const (
	maxSize  = 1 << 30
	maxDepth = 32
)

// Load reads a plan or a sealed plan; the preview is nil for the former. It accepts only what Encode wrote, though
// white space may differ: unknown fields, doubled keys, another digest or lists that contradict each other are
// errors. What it returns is safe to walk: every wave names a change that exists.
func Load(r io.Reader) (*Plan, *Preview, error) {
	in := bufio.NewReader(r)
	if begins, _ := in.Peek(512); !mayBeObject(begins) {
		return nil, nil, errNoObject // before memory is filled with something that never ends
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxSize+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read the plan: %w", err)
	}
	if len(raw) > maxSize {
		return nil, nil, fmt.Errorf("%w: it is larger than %d MiB", ErrNotPlan, maxSize>>20)
	}
	if err := shape(raw); err != nil {
		return nil, nil, err
	}
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrNotPlan, err)
	}
	switch {
	case head.APIVersion != canonical.APIVersion:
		return nil, nil, fmt.Errorf("%w: its apiVersion is %.40q, this program reads %q", ErrNotPlan, head.APIVersion, canonical.APIVersion)
	case head.Kind == "Plan":
		p, err := loadPlan(raw)
		return p, nil, err
	case head.Kind == "SealedPlan":
		return loadSealed(raw)
	}
	return nil, nil, fmt.Errorf("%w: its kind is %.40q", ErrNotPlan, head.Kind)
}

func loadPlan(raw []byte) (*Plan, error) {
	p := &Plan{}
	if err := strict(raw, p); err != nil {
		return nil, err
	}
	return p, p.verify()
}

func loadSealed(raw []byte) (*Plan, *Preview, error) {
	s := &Sealed{}
	if err := strict(raw, s); err != nil {
		return nil, nil, err
	}
	if s.Plan == nil || s.Preview == nil || s.Plan.Kind != "Plan" || s.Preview.Kind != "Preview" {
		return nil, nil, fmt.Errorf("%w: a sealed plan holds a plan and its preview", ErrEdited)
	}
	if err := same("sealed plan", s.Digest, s.sum); err != nil {
		return nil, nil, err
	}
	if err := s.Plan.verify(); err != nil {
		return nil, nil, err
	}
	if err := same("preview", s.Preview.Digest, s.Preview.sum); err != nil {
		return nil, nil, err
	}
	if s.Preview.Plan != s.Plan.Digest {
		return nil, nil, fmt.Errorf("%w: the preview is of another plan", ErrEdited)
	}
	return s.Plan, s.Preview, nil
}

// strict decodes raw into v and makes sure that v says all that raw says.
func strict(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrEdited, position(raw, offset(err, d.InputOffset())), err)
	}
	own, err := canonical.Marshal(v)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrEdited, err)
	}
	if bytes.Equal(bytes.TrimSpace(raw), own) {
		return nil
	}
	theirs, err := jcs.Transform(raw)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrEdited, err)
	}
	if !bytes.Equal(theirs, own) {
		return fmt.Errorf("%w: a field is missing, doubled or spelt differently", ErrEdited)
	}
	return nil
}

// verify measures the plan and checks what its readers rely on.
func (p *Plan) verify() error {
	if err := same("plan", p.Digest, p.sum); err != nil {
		return err
	}
	for i, c := range p.Changes {
		if c.ID != i || len(c.Updates) == 0 && c.Reboot != policy.RebootIfRequired {
			return fmt.Errorf("%w: change %d has id %d and %d updates", ErrEdited, i, c.ID, len(c.Updates))
		}
	}
	for _, r := range p.Rings {
		for _, w := range r.Waves {
			if w.Change < 0 || w.Change >= len(p.Changes) {
				return fmt.Errorf("%w: ring %s names change %d, which is not in the plan", ErrEdited, r.Ring, w.Change)
			}
		}
	}
	return nil
}

func same(what, claimed string, sum func() (string, error)) error {
	got, err := sum()
	if err != nil {
		return err
	}
	if got != claimed {
		return fmt.Errorf("%w: the %s's digest is %s, it says %.80q", ErrEdited, what, got, claimed)
	}
	return nil
}

var errNoObject = fmt.Errorf("%w: it holds no JSON object", ErrNotPlan)

// mayBeObject tells from how a file begins whether it can hold a JSON object, also if all of that is white space.
func mayBeObject(begins []byte) bool {
	b := bytes.TrimSpace(begins)
	return len(b) == 0 || b[0] == '{'
}

// shape checks that raw is one JSON object, nested no deeper than any document of ours.
func shape(raw []byte) error {
	b := bytes.TrimSpace(raw)
	if len(b) == 0 {
		return fmt.Errorf("%w: it is empty", ErrTruncated)
	}
	if !mayBeObject(b) {
		return errNoObject
	}
	if at := tooDeep(raw); at >= 0 {
		return fmt.Errorf("%w: %s: nested deeper than %d levels", ErrNotPlan, position(raw, int64(at)), maxDepth)
	}
	var all json.RawMessage
	err := json.Unmarshal(raw, &all)
	switch {
	case err == nil:
		return nil
	case ends(err, raw):
		return fmt.Errorf("%w: %s", ErrTruncated, position(raw, int64(len(raw))))
	}
	return fmt.Errorf("%w: %s: %w", ErrEdited, position(raw, offset(err, 0)), err)
}

// ends reports whether the error is that raw ends too early. encoding/json has no value for it, and within a literal it
// complains about a space that it adds itself.
func ends(err error, raw []byte) bool {
	added := strings.Contains(err.Error(), "invalid character ' '") && offset(err, 0) == int64(len(raw)) && raw[len(raw)-1] != ' '
	return added || err.Error() == "unexpected end of JSON input"
}

// tooDeep returns where the nesting exceeds maxDepth, or -1.
func tooDeep(raw []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return i
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return -1
}

func offset(err error, otherwise int64) int64 {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return syntax.Offset
	case errors.As(err, &kind):
		return kind.Offset
	}
	return otherwise
}

// position turns an offset into "line 3, column 14".
func position(raw []byte, offset int64) string {
	before := raw[:min(max(offset, 0), int64(len(raw)))]
	line := bytes.Count(before, []byte{'\n'}) + 1
	return fmt.Sprintf("line %d, column %d", line, len(before)-bytes.LastIndexByte(before, '\n'))
}
