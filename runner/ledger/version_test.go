package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"
)

// madeOf is what each version makes of the same records.
var madeOf = map[int]string{2: "5fab7ae3a6e25d1cefdb3ea9b15675540a81060ca349c6882d55c8be54082f13"}

// TestStateVersion holds Reduce to its number: a verifier believes that equal numbers make equal states. If Reduce gives
// others now, raise StateVersion and add its sum; if only these records are others, write the sum anew.
func TestStateVersion(t *testing.T) {
	records := rapid.Custom(func(t *rapid.T) []Record {
		var list []Record
		for seq := range 12 {
			r := anyRecord(t, seq+1)
			for i := range r.Actions {
				a := &r.Actions[i]
				a.AwaitsReboot, a.CatchUp = rapid.Bool().Draw(t, "reboots later"), rapid.Bool().Draw(t, "catches up")
				for j := range a.Updates {
					a.Updates[j].Canary = rapid.Bool().Draw(t, "canary")
				}
			}
			if r.Scan != nil {
				r.Scan.Rings = []RingHosts{{"pilot", seq}}
				r.Scan.Health = []RingHealth{{Ring: "pilot", Update: "u", Healthy: seq, Failing: 1}}
				r.Scan.Away, r.Scan.Awake = []string{"web-1"}, []string{"web-2"}
			}
			list = append(list, r)
		}
		return list
	})
	sum := sha256.New()
	for seed := range 50 {
		var s State
		for _, r := range records.Example(seed) {
			s = Reduce(s, r)
		}
		raw, err := Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(raw)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != madeOf[StateVersion] {
		t.Errorf("version %d makes %s of these records, not %s", StateVersion, got, madeOf[StateVersion])
	}
}
