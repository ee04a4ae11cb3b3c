package ledger

import (
	"reflect"
	"testing"
)

// seeds begin a fuzz test with documents as they are written.
func seeds[T any](f *testing.F, documents ...T) {
	f.Helper()
	for _, d := range documents {
		raw, err := Encode(d)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
}

// again is a document written and read once more.
func again[T any](t *testing.T, document T, decode func([]byte) (T, error)) T {
	t.Helper()
	raw, err := Encode(document)
	if err != nil {
		t.Fatal(err)
	}
	out, err := decode(raw)
	if err != nil {
		t.Fatalf("written again it is no such document: %v\n%s", err, raw)
	}
	return out
}

func FuzzDecodeRecord(f *testing.F) {
	for _, r := range []Record{
		{Phase: PhaseNote, Run: "a", At: t0, Site: "main"},
		{Phase: PhaseScan, At: t0, Scan: &Scan{Missing: []RingMissing{{"pilot", "u", 1}}}},
		{Phase: PhaseWave, At: t0, Actions: []Action{end(apply("1", "web-1", "pilot", Started, "u"), Failed, 3)}},
	} {
		r.Tenant, r.Seq = "acme", 1
		seeds(f, r.Filled())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := DecodeRecord(raw)
		if err != nil {
			return
		}
		s := Reduce(State{}, r)
		if err := s.check(); err != nil {
			t.Error(err)
		}
		if other := again(t, r.Filled(), DecodeRecord); !reflect.DeepEqual(Reduce(State{}, other), s) {
			t.Error("written again it means something else")
		}
		_ = Subject(r)
	})
}

func FuzzDecodeState(f *testing.F) {
	a := apply("1", "web-1", "pilot", Started, "u")
	seeds(f, history([]Action{a}), history([]Action{a}, []Action{end(a, Failed, 5)}), Reduce(State{}, Record{Tenant: "acme", Seq: 1}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := DecodeState(raw)
		if err != nil {
			return
		}
		next := Reduce(s, Record{Tenant: "acme", Seq: s.Seq + 1, At: t0, Actions: []Action{end(a, Succeeded, 5)}})
		if next.Seq != s.Seq+1 || next.Tenant != "acme" {
			t.Errorf("%+v", next)
		}
	})
}
