package inputs_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

func run() inputs.Run {
	head := branch.Head{Commit: "aaaa", State: ledger.State{Tenant: "acme"}}
	return inputs.Of(head, time.Date(2026, 11, 22, 13, 0, 0, 5, time.FixedZone("", 3600)),
		decision.Evidence{{Ring: "pilot"}, {Ring: "msp-lab/test"}},
		map[string]branch.Head{"msp-lab": {Commit: "cccc"}, "globex": {Commit: "bbbb"}})
}

// TestARunIsReadAsItWasWritten: with the rings of other tenants alone, since the own are in the ledger's state.
func TestARunIsReadAsItWasWritten(t *testing.T) {
	in := run()
	if len(in.Foreign) != 1 || in.Foreign[0].Ring != "msp-lab/test" || in.At.Format(time.RFC3339Nano) != "2026-11-22T12:00:00Z" {
		t.Errorf("%+v", in)
	}
	raw, err := ledger.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	again, err := inputs.Decode(raw)
	if err != nil || !reflect.DeepEqual(again, in) {
		t.Errorf("%+v, %v", again, err)
	}
	for name, change := range map[string][2]string{
		"another kind":   {`"RunInput"`, `"Run"`},
		"without a head": {`"head":"aaaa"`, `"head":""`},
		"its own ring":   {`msp-lab/test`, `test`},
		"unknown field":  {`"head"`, `"heads"`},
	} {
		changed := strings.Replace(string(raw), change[0], change[1], 1)
		if changed == string(raw) {
			t.Fatalf("%s: nothing changed in %s", name, raw)
		}
		if _, err := inputs.Decode([]byte(changed)); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

// TestThePoolNamesNobody: of a ledger that was read for the pool alone only the commit is told.
func TestThePoolNamesNobody(t *testing.T) {
	in := run()
	in.MarkPool([]string{"globex", "msp-lab"}, []string{"msp-lab"})
	want := []inputs.ForeignHead{{Commit: "bbbb", Pool: true}, {Tenant: "msp-lab", Commit: "cccc", Pool: true}}
	if !reflect.DeepEqual(in.Ledgers, want) {
		t.Errorf("%+v, want %+v", in.Ledgers, want)
	}
	if raw, err := ledger.Encode(in); err != nil || strings.Contains(string(raw), "globex") {
		t.Errorf("%s, %v", raw, err)
	}
}
