package ledger

import "testing"

func TestWithoutWhatIsUnderWay(t *testing.T) {
	s := Reduce(State{}, Record{Tenant: "acme", Phase: PhaseIntent, Seq: 1, At: t0, Site: "main", Actions: []Action{
		apply("1", "web-1", "pilot", Started, "u"), apply("2", "web-2", "pilot", Started, "u"),
	}})
	got := s.Without(func(id string) bool { return id == "1" })
	if e := got.Evidence[0]; e.InDoubt != 1 || e.Attempted != 1 {
		t.Errorf("%+v", e)
	}
	if e := s.Evidence[0]; e.InDoubt != 2 || e.Attempted != 2 {
		t.Errorf("the state itself was changed: %+v", e)
	}
}
