package runner

import (
	"context"
	"fmt"
	"testing"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/runner/ledger"
)

// choosy refuses the intents of the waves that begin with one host.
type choosy struct {
	*tape
	host string
}

func (c choosy) Intent(ctx context.Context, actions []ledger.Action) error {
	if actions[0].Host == c.host {
		return &RefusedError{"its gate has closed"}
	}
	return c.tape.Intent(ctx, actions)
}

// TestARefusedWaveStartsNothing: the waves around it are not concerned, and what did not start is told host by host.
func TestARefusedWaveStartsNothing(t *testing.T) {
	hosts := fakeFleet{}
	for i := range 6 {
		hosts[fmt.Sprint("h", i)] = &fakeHost{version: "1", apply: done}
	}
	out, rec := runOn(t, hosts, policy.RebootNever, func(in *Input) {
		in.Recorder = choosy{in.Recorder.(*tape), "h2"}
		row := in.Plan.Rings[0].Waves[0]
		in.Plan.Rings[0].Waves = nil
		for i := range 3 {
			w := row
			w.Wave, w.Hosts = i+1, row.Hosts[2*i:2*i+2]
			in.Plan.Rings[0].Waves = append(in.Plan.Rings[0].Waves, w)
		}
	})
	if hosts["h2"].started || hosts["h3"].started || !hosts["h5"].started || len(rec.outcomes) != 4 || out.Left != 0 || out.Why != "" {
		t.Errorf("h2 %t, h3 %t, h5 %t; %d outcomes, %d left, %q", hosts["h2"].started, hosts["h3"].started, hosts["h5"].started, len(rec.outcomes), out.Left, out.Why)
	}
	if len(out.Refused) != 1 || out.Refused[0].Why != "its gate has closed" || len(out.Refused[0].Actions) != 2 {
		t.Fatalf("refused: %+v", out.Refused)
	}
	for _, a := range out.Refused[0].Actions {
		if a.Status != ledger.Skipped || a.Reason != "its gate has closed" || a.Wave != 2 {
			t.Errorf("%+v", a)
		}
	}
}
