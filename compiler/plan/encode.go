package plan

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/ringfence/ringfence/internal/canonical"
)

// measure sets the plan's digest.
func (p *Plan) measure() (err error) {
	p.Digest, err = p.sum()
	return err
}

// sum is the digest of the plan as it stands.
func (p *Plan) sum() (string, error) {
	bare := *p
	bare.Digest = ""
	return canonical.Digest(bare)
}

func (p *Preview) sum() (string, error) {
	bare := *p
	bare.Digest = ""
	return canonical.Digest(bare)
}

func (s *Sealed) sum() (string, error) {
	bare := *s
	bare.Digest = ""
	return canonical.Digest(bare)
}

// Encode writes the plan in its canonical form and a line break. Load reads it.
func (p *Plan) Encode(w io.Writer) error { return encode(w, p) }

// Encode writes the preview in its canonical form and a line break.
func (p *Preview) Encode(w io.Writer) error { return encode(w, p) }

// Encode writes the sealed plan in its canonical form and a line break. Load reads it.
func (s *Sealed) Encode(w io.Writer) error { return encode(w, s) }

func encode(w io.Writer, v any) error {
	raw, err := canonical.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(raw, '\n'))
	return err
}

// NewPreview makes the preview of a plan from what the providers said of each host: sorted, and measured.
func NewPreview(p *Plan, hosts []PreviewHost) (*Preview, error) {
	v := &Preview{APIVersion: canonical.APIVersion, Kind: "Preview", Plan: p.Digest, Hosts: make([]PreviewHost, 0, len(hosts))}
	for _, h := range hosts {
		h.Actions = append([]Action{}, h.Actions...)
		slices.SortFunc(h.Actions, func(a, b Action) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Op, b.Op), cmp.Compare(a.To, b.To), cmp.Compare(a.From, b.From))
		})
		h.Held, h.Restarts = sortedStrings(h.Held), sortedStrings(h.Restarts)
		v.Hosts = append(v.Hosts, h)
	}
	slices.SortFunc(v.Hosts, func(a, b PreviewHost) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Change, b.Change), cmp.Compare(a.Wave, b.Wave))
	})
	var err error
	v.Digest, err = v.sum()
	return v, err
}

// Seal joins a plan with its preview. A preview of another plan is refused.
func Seal(p *Plan, v *Preview) (*Sealed, error) {
	if v.Plan != p.Digest {
		return nil, fmt.Errorf("the preview is of plan %s, not of %s", v.Plan, p.Digest)
	}
	s := &Sealed{APIVersion: canonical.APIVersion, Kind: "SealedPlan", Plan: p, Preview: v}
	var err error
	s.Digest, err = s.sum()
	return s, err
}
