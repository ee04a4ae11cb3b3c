package verify

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/runner/ledger"
)

// older is what a build made of a state that had no version and remembered no window that a ring was worked on in.
func older(s *ledger.State) { s.Version, s.Occurrences = 0, []ledger.Occurrence{} }

// renumbered changes the number in a state and nothing else.
func renumbered(to string) func(x *forgery) {
	return func(x *forgery) {
		l := x.at(ledger.PhaseNote, 0)
		l.asItIs, l.files[stateFile] = true, bytes.Replace(l.files[stateFile], []byte(`"version":2`), []byte(to), 1)
	}
}

// TestStatesOfAnotherVersion: what this version cannot recompute is called that, once, and never damage; whoever changes
// a state finds no version that hides it. The second verifier comes to the same verdict.
func TestStatesOfAnotherVersion(t *testing.T) {
	t.Parallel()
	s := tell(t)
	f, honest := newForger(t, s.dir), s.chain()
	aged := func(n int, age func(*ledger.State)) func(x *forgery) {
		return func(x *forgery) {
			x.chain[0].untouched = false
			for i := range n {
				x.chain[i].aged = age
			}
		}
	}
	nameless := func(s *ledger.State) { s.Version = 0 }
	for name, c := range map[string]struct {
		change func(x *forgery)
		want   []Code
		says   string
		ok     bool
	}{
		"an older ledger that says the same":       {aged(30, nameless), []Code{StateVersion}, "records 1 to 30 were written by an older version", true},
		"an older beginning that says the same":    {aged(9, nameless), []Code{StateVersion}, "records 1 to 9 were written by an older version of ringfence (1, this one makes 2); they say", true},
		"an older beginning, and what rests on it": {aged(9, older), []Code{StateVersion}, "or rest on such: they cannot be recomputed", false},
		"an older ledger":                          {aged(30, older), []Code{StateVersion}, "records 3 to 30 were", false},
		"a newer state":                            {renumbered(`"version":3`), []Code{StateVersion}, "a newer version of ringfence (3, this one makes 2)", false},
		"a number that nobody ever wrote":          {renumbered(`"version":1`), []Code{State}, "add up to", false},
		"none, and said so":                        {renumbered(`"version":0`), []Code{State}, "add up to", false},
		"a newer state that says something else": {func(x *forgery) {
			renumbered(`"version":3,"without":"doubts"`)(x)
		}, []Code{StateVersion}, "a newer version", false},
		"a changed state on top of an older one": {func(x *forgery) {
			aged(9, older)(x)
			l := x.at(ledger.PhaseNote, 1)
			l.aged = func(s *ledger.State) { s.Durations = map[string]int{"apply": 1 << 20} }
		}, []Code{State, StateVersion}, "add up to", false},
	} {
		t.Run(name, func(t *testing.T) {
			x := &forgery{s, copied(honest)}
			c.change(x)
			in := s.input()
			in.Head = f.write(x.chain)
			r := mustVerify(t, in)
			var got []Code
			text := ""
			for _, f := range r.Findings {
				got, text = append(got, f.Code), text+f.Msg+"\n"
			}
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, c.want) || r.OK() != c.ok || !strings.Contains(text, c.says) {
				t.Errorf("ok: %v, %v", r.OK(), r.Findings)
			}
			if ok, said := s.second(t, in.Head); ok != c.ok {
				t.Errorf("the second verifier says\n%s", said)
			}
		})
	}
}
