package verify

import (
	"testing"
)

func mustVerify(t testing.TB, in Input) *Report {
	t.Helper()
	r, err := Verify(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAnHonestLedgerIsFine(t *testing.T) {
	s := tell(t)
	in := s.input()
	in.Seen = s.seen()
	r := mustVerify(t, in)
	for _, f := range r.Findings {
		t.Error(f)
	}
	t.Logf("%d records, %d signed, %d runs, %d replayed, %v", r.Records, r.Signed, r.Runs, r.Replayed, r.Actions)
}
