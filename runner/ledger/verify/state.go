package verify

import (
	"bytes"
	"cmp"
	"encoding/json"

	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/runner/ledger"
)

// stretch is a row of records whose states another version of ringfence has written, or that rest on such.
type stretch struct {
	first         *step // of which only place and commit are kept
	last, version int
	proved        bool         // older ones that say what the records add up to all the same
	base          ledger.State // what the last one says
}

// state compares state.json, byte for byte, with what the records add up to. A state of another version cannot be
// recomputed: it may be what that version made of the records, or not.
func (v *verifier) state(s *step) {
	raw, err := v.file(s, stateFile)
	if err != nil {
		v.found(s, State, "%v", err)
		return
	}
	if says(raw, s.after) {
		v.endStretch()
		return
	}
	version, base, ok := v.otherVersion(s, raw)
	switch {
	case ok:
		old := s.after
		old.Version = version
		v.stretch(s, stretch{version: version, proved: version < ledger.StateVersion && says(raw, old), base: base})
	case v.other != nil && !v.other.proved && says(raw, ledger.Reduce(v.other.base, s.record)):
		v.stretch(s, stretch{version: v.other.version, base: ledger.Reduce(v.other.base, s.record)})
	default:
		v.found(s, State, "state.json is not what the records so far add up to")
	}
}

func says(raw []byte, s ledger.State) bool {
	want, err := ledger.Encode(s)
	return err == nil && bytes.Equal(raw, want)
}

// otherVersion reads a state that another version wrote in this very place: an older one whole, of a newer one no more
// than that. Only states before the second version have no number.
func (v *verifier) otherVersion(s *step, raw []byte) (int, ledger.State, bool) {
	var head struct {
		APIVersion, Kind, Tenant string
		Version                  *int
		Seq                      int
	}
	again, err := ledger.Encode(json.RawMessage(raw))
	if err != nil || !bytes.Equal(raw, again) || json.Unmarshal(raw, &head) != nil ||
		head.APIVersion != canonical.APIVersion || head.Kind != "State" || head.Tenant != v.Tenant || head.Seq != s.seq {
		return 0, ledger.State{}, false
	}
	switch n := head.Version; {
	case n != nil && *n > ledger.StateVersion:
		return *n, s.after, true
	case n != nil && (*n < 2 || *n == ledger.StateVersion):
		return 0, ledger.State{}, false
	}
	base, err := ledger.DecodeState(raw)
	return base.Version, base, err == nil
}

// stretch adds a record to the last row of its kind, or begins another.
func (v *verifier) stretch(s *step, x stretch) {
	if v.other == nil || v.other.version != x.version || v.other.proved != x.proved {
		v.endStretch()
		first := &step{seq: s.seq}
		first.commit.Hash = s.commit.Hash
		v.other = &stretch{first: first, version: x.version, proved: x.proved}
	}
	v.other.last, v.other.base = s.seq, x.base
}

// endStretch tells of a row once, however long it is.
func (v *verifier) endStretch() {
	x := v.other
	if v.other = nil; x == nil {
		return
	}
	age := "an older"
	if x.version > ledger.StateVersion {
		age = "a newer"
	}
	const told = "the states of records %d to %d were written by %s version of ringfence (%d, this one makes %d)"
	args := []any{x.first.seq, x.last, age, cmp.Or(x.version, 1), ledger.StateVersion}
	if x.proved {
		v.warn(x.first, StateVersion, told+"; they say what the records add up to", args...)
		return
	}
	v.found(x.first, StateVersion, told+", or rest on such: they cannot be recomputed, so nothing proves them", args...)
}
