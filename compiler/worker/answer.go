package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/check"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/read"
	"github.com/ringfence/ringfence/compiler/repository"
)

// Answer is what a task comes to, of which each kind of task fills its part. Encoded, it crosses from the process that
// compiles and lies in the cache; equal tasks have equal encodings.
type Answer struct {
	Policy      *policy.Tenant    `json:"policy,omitempty"`
	HostSources []string          `json:"hostSources,omitempty"` // which a policy's own encoding leaves out
	Lines       map[string]string `json:"lines,omitempty"`       // and those of its fields
	Places      PackedPlaces      `json:"places,omitempty"`
	Diags       diag.List         `json:"diags,omitempty"`
	Settings    *policy.Settings  `json:"settings,omitempty"`
	Known       []string          `json:"known,omitempty"`
	Scenarios   []policy.Scenario `json:"scenarios,omitempty"`
	Traits      *read.Traits      `json:"traits,omitempty"`
	NoModule    bool              `json:"noModule,omitempty"` // the module files are broken: nothing can compile
}

// Encode leaves out the text of the baseline's modules, which is the same for every tenant and at hand where answers
// are read.
func (a *Answer) Encode() []byte {
	out := *a
	if a.Policy != nil {
		t := *a.Policy
		out.HostSources, out.Lines = nil, t.Lines
		t.Modules = slices.Clone(t.Modules)
		for i, m := range t.Modules {
			if strings.HasPrefix(m.Path, repository.BaselineDir+"/") {
				t.Modules[i].Text = ""
			}
		}
		for _, h := range t.Hosts {
			out.HostSources = append(out.HostSources, h.Source)
		}
		out.Policy = &t
	}
	data, err := json.Marshal(out)
	if err != nil {
		panic(err) // an answer is made of strings and numbers
	}
	return data
}

var errAnswer = errors.New("this is no answer to the task")

// Decode reads an answer; shared are the files that all tasks could read, by path. Whatever the bytes are, it ends with an
// answer or an error.
func Decode(data []byte, shared map[string]*repository.File) (*Answer, error) {
	a := &Answer{}
	if err := json.Unmarshal(data, a); err != nil {
		return nil, fmt.Errorf("%w: %w", errAnswer, err)
	}
	if a.Policy == nil {
		return a, nil
	}
	if len(a.HostSources) != len(a.Policy.Hosts) {
		return nil, errAnswer
	}
	a.Policy.Lines = a.Lines
	for i, s := range a.HostSources {
		a.Policy.Hosts[i].Source = s
	}
	for i, m := range a.Policy.Modules {
		if !strings.HasPrefix(m.Path, repository.BaselineDir+"/") {
			continue
		}
		file := shared[m.Path]
		if file == nil {
			return nil, errAnswer
		}
		a.Policy.Modules[i].Text = string(file.Data)
	}
	return a, nil
}

// PackedPlaces are encoded check.Places: a list of files, and for each path the number of its file and four numbers.
type PackedPlaces json.RawMessage

type placeList struct {
	Files []string `json:"files"`
	Paths []string `json:"paths"`
	At    []int    `json:"at"` // five a path
}

func pack(places check.Places) PackedPlaces {
	if places == nil {
		return nil
	}
	var l placeList
	number := map[string]int{}
	for _, key := range slices.Sorted(maps.Keys(places)) {
		r := places[key]
		if _, ok := number[r.File]; !ok {
			number[r.File] = len(l.Files)
			l.Files = append(l.Files, r.File)
		}
		l.Paths = append(l.Paths, key)
		l.At = append(l.At, number[r.File], r.Start.Line, r.Start.Column, r.End.Line, r.End.Column)
	}
	data, err := json.Marshal(l)
	if err != nil {
		panic(err) // it is made of strings and numbers
	}
	return data
}

// Unpack returns the places; of bytes that are none, as many as can be read.
func (p PackedPlaces) Unpack() check.Places {
	var l placeList
	_ = json.Unmarshal(p, &l) // what came from elsewhere passed a checksum; without places, diagnostics lack positions
	out := check.Places{}
	for i, key := range l.Paths {
		at := l.At[min(5*i, len(l.At)):]
		if len(at) < 5 || at[0] < 0 || at[0] >= len(l.Files) {
			return out
		}
		out[key] = diag.Range{
			File:  l.Files[at[0]],
			Start: diag.Pos{Line: at[1], Column: at[2]}, End: diag.Pos{Line: at[3], Column: at[4]},
		}
	}
	return out
}

// MarshalJSON puts the places in as they are.
func (p PackedPlaces) MarshalJSON() ([]byte, error) { return json.RawMessage(p).MarshalJSON() }

// UnmarshalJSON keeps the places packed.
func (p *PackedPlaces) UnmarshalJSON(data []byte) error {
	*p = slices.Clone(data)
	return nil
}
