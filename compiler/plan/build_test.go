package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
	"github.com/ringfence/ringfence/compiler/policy"
)

func TestOneUpdateFromPilotToBroad(t *testing.T) {
	for _, tt := range []struct {
		name, at string
		evidence decision.Evidence
		want     string
	}{
		{
			"nobody has tried it: the pilot goes first, a person must speak for the other tenant's ring", "2026-11-21T12:00:00Z", nil,
			`pilot/default wave 1 weeknight Nov23T21:00/Nov24T01:00 web-1 web-2 web-3: change 0 openssl never
			broad/default waits for approval until - db-1 db-2 db-3 db-4: openssl UNTESTED WAIT_GATE GRANTED`,
		},
		{
			"the other tenant has: the others wait for the pilot", "2026-11-21T12:00:00Z", plantest.Tested(plantest.OpenSSL, "2026-11-20T00:00:00Z")[:1],
			`pilot/default wave 1 weeknight Nov23T21:00/Nov24T01:00 web-1 web-2 web-3: change 0 openssl never
			broad/default waits for gate until - db-1 db-2 db-3 db-4: openssl WAIT_GATE GRANTED`,
		},
		{
			"soak ends before the window opens: planned for it", "2026-11-24T12:00:00Z", plantest.Tested(plantest.OpenSSL, "2026-11-24T00:30:00Z"),
			`broad/default wave 1 weekend Nov28T19:00/Nov29T03:00 db-1: change 0 openssl if-required
			broad/default wave 2 weekend Nov28T19:00/Nov29T03:00 db-2: change 0 openssl if-required
			broad/default wave 3 weekend Nov28T19:00/Nov29T03:00 db-3: change 0 openssl if-required
			broad/default wave 4 weekend Nov28T19:00/Nov29T03:00 db-4: change 0 openssl if-required`,
		},
		{
			"soak ends at the opening", "2026-11-26T12:00:00Z", plantest.Tested(plantest.OpenSSL, "2026-11-25T19:00:00Z"),
			`broad/default wave 1 weekend Nov28T19:00/Nov29T03:00 db-1: change 0 openssl if-required
			broad/default wave 2 weekend Nov28T19:00/Nov29T03:00 db-2: change 0 openssl if-required
			broad/default wave 3 weekend Nov28T19:00/Nov29T03:00 db-3: change 0 openssl if-required
			broad/default wave 4 weekend Nov28T19:00/Nov29T03:00 db-4: change 0 openssl if-required`,
		},
		{
			"soak ends a second after the opening: the next one", "2026-11-26T12:00:00Z", plantest.Tested(plantest.OpenSSL, "2026-11-25T19:00:01Z"),
			`broad/default wave 1 weekend Dec05T19:00/Dec06T03:00 db-1: change 0 openssl if-required
			broad/default wave 2 weekend Dec05T19:00/Dec06T03:00 db-2: change 0 openssl if-required
			broad/default wave 3 weekend Dec05T19:00/Dec06T03:00 db-3: change 0 openssl if-required
			broad/default wave 4 weekend Dec05T19:00/Dec06T03:00 db-4: change 0 openssl if-required`,
		},
		{
			"but within the open occurrence once it is over", "2026-11-28T19:00:01Z", plantest.Tested(plantest.OpenSSL, "2026-11-25T19:00:01Z"),
			`broad/default wave 1 weekend Nov28T19:00/Nov29T03:00 db-1: change 0 openssl if-required
			broad/default wave 2 weekend Nov28T19:00/Nov29T03:00 db-2: change 0 openssl if-required
			broad/default wave 3 weekend Nov28T19:00/Nov29T03:00 db-3: change 0 openssl if-required
			broad/default wave 4 weekend Nov28T19:00/Nov29T03:00 db-4: change 0 openssl if-required`,
		},
		{
			"an occurrence is over when it closes", "2026-11-29T03:00:00Z", plantest.Tested(plantest.OpenSSL, "2026-11-24T00:30:00Z"),
			`broad/default wave 1 weekend Dec05T19:00/Dec06T03:00 db-1: change 0 openssl if-required
			broad/default wave 2 weekend Dec05T19:00/Dec06T03:00 db-2: change 0 openssl if-required
			broad/default wave 3 weekend Dec05T19:00/Dec06T03:00 db-3: change 0 openssl if-required
			broad/default wave 4 weekend Dec05T19:00/Dec06T03:00 db-4: change 0 openssl if-required`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := plantest.World(tt.at, plantest.Lacks(plantest.OpenSSL, plantest.Approved))
			in.Evidence = tt.evidence
			if len(tt.evidence) > 1 {
				in = only(in, "db") // the pilot has it
			}
			wantTold(t, plantest.Built(t, in), tt.want)
		})
	}
}

func TestFreeze(t *testing.T) {
	in := only(plantest.World("2026-12-17T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved), plantest.Lacks(plantest.Curl, plantest.Urgent), plantest.Lacks(plantest.ClamAV, plantest.FastLane)), "web")
	t.Run("the exploited update passes it, the others do not", func(t *testing.T) {
		wantTold(t, plantest.Built(t, in), `
			pilot/default wave 1 weeknight Dec17T21:00/Dec18T01:00 web-1 web-2 web-3: change 0 openssl never
			pilot/definitions wave 1 anytime Dec17T12:00/Dec18T17:00 web-1 web-2 web-3: change 1 clamav-daily never
			pilot/urgent wave 1 anytime Dec17T12:00/- web-1 web-2 web-3: change 2 curl never`)
	})
	t.Run("within it", func(t *testing.T) {
		in.At = plantest.Instant("2026-12-18T17:00:00Z")
		wantTold(t, plantest.Built(t, in), `
			pilot/default wave 1 weeknight Jan04T21:00/Jan05T01:00 web-1 web-2 web-3: change 0 openssl never
			pilot/definitions wave 1 anytime Jan04T05:00/- web-1 web-2 web-3: change 1 clamav-daily never
			pilot/urgent wave 1 anytime Dec18T17:00/- web-1 web-2 web-3: change 2 curl never`)
	})
	t.Run("beyond the horizon it is what they wait for", func(t *testing.T) {
		in.Horizon = 10 * 24 * time.Hour
		p := plantest.Built(t, in)
		wantTold(t, p, `
			pilot/default waits for freeze until Jan04T05:00 web-1 web-2 web-3: openssl FROZEN GRANTED
			pilot/definitions waits for freeze until Jan04T05:00 web-1 web-2 web-3: clamav-daily FROZEN GRANTED
			pilot/urgent wave 1 anytime Dec18T17:00/- web-1 web-2 web-3: change 0 curl never`)
		if got := p.Rings[0].Waiting[0].Reasons[0].Source; got != "tenants/acme/tenant.cue:33:3" {
			t.Errorf("the reason points at %q", got)
		}
	})
}

// TestFreezeThatOneUpdatePasses: a host is changed once in an occurrence even if only some of its updates may go on
// into the freeze.
func TestFreezeThatOneUpdatePasses(t *testing.T) {
	in := only(plantest.World("2026-12-01T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved), plantest.Lacks(plantest.Curl, decision.Answer{Grants: plantest.Grant, Freezes: []string{"yearEnd"}})), "web")
	in.Policy.Rings[1].Window = "anytime"
	in.Snapshot.Hosts[1].Missing = in.Snapshot.Hosts[1].Missing[:1]
	wantTold(t, plantest.Built(t, in), `
		pilot/default wave 1 anytime Dec01T12:00/Dec18T17:00 web-1 web-3: change 0 curl+openssl never
		pilot/default wave 2 anytime Dec01T12:00/- web-2: change 1 curl never`)
}

func TestKnownWaitBeyondTheHorizon(t *testing.T) {
	in := only(plantest.World("2026-11-21T12:00:00Z", plantest.Lacks(plantest.OpenSSL, decision.Answer{
		Grants: []decision.Grant{{Rule: "slow", Approve: &policy.Approve{After: plantest.Hours(24 * 60), Anchor: policy.FirstSeen}}},
	})), "web")
	wantTold(t, plantest.Built(t, in), `pilot/default waits for anchor until Jan19T12:00 web-1 web-2 web-3: openssl WAIT_ANCHOR`)
	in.Answers[0] = plantest.Approved
	in.Horizon = 24 * time.Hour
	wantTold(t, plantest.Built(t, in), `pilot/default waits for window until Nov23T21:00 web-1 web-2 web-3: openssl NO_WINDOW GRANTED`)
	in.Policy.Windows[3].Start = "soon"
	wantTold(t, plantest.Built(t, in), `pilot/default waits for window until - web-1 web-2 web-3: openssl NO_WINDOW GRANTED`)
	in.Policy.Rings[1].Window = "never heard of"
	wantTold(t, plantest.Built(t, in), `pilot/default waits for window until - web-1 web-2 web-3: openssl NO_WINDOW GRANTED`)
}

func TestUntested(t *testing.T) {
	for choice, want := range map[policy.IfUntested]string{
		policy.UntestedNeedsApproval: `broad/default waits for approval until - db-1 db-2 db-3 db-4: openssl UNTESTED GRANTED`,
		policy.UntestedWait:          `broad/default waits for gate until - db-1 db-2 db-3 db-4: openssl UNTESTED GRANTED`,
		policy.UntestedApprove: `broad/default wave 1 weekend Nov21T19:00/Nov22T03:00 db-1 db-2 db-3: change 0 openssl if-required
			broad/default wave 2 weekend Nov21T19:00/Nov22T03:00 db-4: change 0 openssl if-required`,
	} {
		t.Run(string(choice), func(t *testing.T) {
			in := plantest.World("2026-11-21T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved))
			for i, h := range in.Snapshot.Hosts {
				if strings.HasPrefix(h.Name, "web") {
					in.Snapshot.Hosts[i].Missing = nil
				}
			}
			in.Policy.Rings[0].MaxUnavailable = policy.Amount{Count: 3}
			in.Policy.Rings[0].Requires = in.Policy.Rings[0].Requires[1:]
			in.Policy.Rings[0].Requires[0].IfUntested = choice
			wantTold(t, plantest.Built(t, in), want)

			// A pilot host that nobody could look at might lack it, and so might yet test it.
			for i, h := range in.Snapshot.Hosts {
				if h.Name == "web-3" {
					in.Snapshot.Hosts[i].State = inventory.Unreachable
				}
			}
			in.Policy.Rings[0].Requires[0].MinSucceeded = 1
			wantTold(t, plantest.Built(t, in), `broad/default waits for gate until - db-1 db-2 db-3 db-4: openssl WAIT_GATE GRANTED`)
		})
	}
}

func TestCausesOfOneHost(t *testing.T) {
	in := plantest.World("2026-11-21T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved), plantest.Lacks(plantest.Bash, plantest.Refused), plantest.Lacks(plantest.Curl, plantest.OnHold), plantest.Lacks(plantest.ClamAV, decision.Answer{Grants: plantest.ByOps}))
	in = only(in, "web")
	in.Snapshot.Hosts[1].Missing[2].Held = true // openssl
	in.InDoubt = []plan.InDoubt{
		{ID: "a1", Host: "web-3", Ring: "pilot", Updates: []string{plantest.OpenSSL}, Since: plantest.Instant("2026-11-20T21:00:00Z")},
		{ID: "b1", Host: "elsewhere", Ring: "other"},
	}
	p := plantest.Built(t, in)
	wantTold(t, p, `
		pilot/default wave 1 weeknight Nov23T21:00/Nov24T01:00 web-1: change 0 openssl never
		pilot/default waits for hold until - web-1 web-2: curl HOLD GRANTED
		pilot/default waits for hold until - web-3: curl HOST_IN_DOUBT HOLD GRANTED
		pilot/default waits for hold until - web-2: openssl HOST_HOLD GRANTED
		pilot/default waits for hold until - web-3: openssl HOST_IN_DOUBT GRANTED
		pilot/default waits for approval until - web-1 web-2: clamav-daily NEEDS_APPROVAL
		pilot/default waits for hold until - web-3: clamav-daily HOST_IN_DOUBT NEEDS_APPROVAL
		pilot/default rejects web-1 web-2 web-3: bash REJECTED GRANTED`)
	if len(p.InDoubt) != 1 || p.InDoubt[0].ID != "a1" {
		t.Errorf("in doubt: %+v", p.InDoubt)
	}
	if w := p.WorstCase; w.Down != 2 || w.PerGroup["pilot"] != 2 || w.PerGroup["broad"] != 0 || !w.DoneBy.Equal(plantest.Instant("2026-11-24T01:00:00Z")) {
		t.Errorf("worst case: %+v", w)
	}
	if want := (plan.Summary{Hosts: 7, Planned: 1, Waiting: 8, Rejected: 3}); p.Summary != want {
		t.Errorf("summary %+v, want %+v", p.Summary, want)
	}
}

func TestFailedInThisOccurrence(t *testing.T) {
	failed := func(when string) []plan.Failure {
		return []plan.Failure{{Host: "web-2", Ring: "pilot", Update: plantest.OpenSSL, At: plantest.Instant(when), Times: 1, Reason: "disk full"}}
	}
	for _, tt := range []struct {
		name, at, failed string
		answer           decision.Answer
		put              int // failures that put something off
		want             string
	}{
		{
			"the others go on, it goes again in the next", "2026-11-23T22:00:00Z", "2026-11-23T21:30:00Z", plantest.Approved, 1,
			`pilot/default wave 1 weeknight Nov23T21:00/Nov24T01:00 web-1 web-3: change 0 openssl never
			pilot/default wave 1 weeknight Nov24T21:00/Nov25T01:00 web-2: change 0 openssl never`,
		},
		{
			"that occurrence is over", "2026-11-24T01:00:00Z", "2026-11-23T21:30:00Z", plantest.Approved, 0,
			`pilot/default wave 1 weeknight Nov24T21:00/Nov25T01:00 web-1 web-2 web-3: change 0 openssl never`,
		},
		{
			"always open: a day later", "2026-11-23T22:00:00Z", "2026-11-23T21:30:00Z", plantest.Urgent, 1,
			`pilot/urgent wave 1 anytime Nov23T22:00/- web-1 web-3: change 0 openssl never
			pilot/urgent wave 1 anytime Nov24T21:30/- web-2: change 0 openssl never`,
		},
		{
			"always open, a day has passed", "2026-11-24T21:30:00Z", "2026-11-23T21:30:00Z", plantest.Urgent, 0,
			`pilot/urgent wave 1 anytime Nov24T21:30/- web-1 web-2 web-3: change 0 openssl never`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := only(plantest.World(tt.at, plantest.Lacks(plantest.OpenSSL, tt.answer)), "web")
			in.Failures = failed(tt.failed)
			p := plantest.Built(t, in)
			wantTold(t, p, tt.want)
			if len(p.Failed) != tt.put {
				t.Errorf("failures that put something off: %+v", p.Failed)
			}
		})
	}
	in := only(plantest.World("2026-11-26T22:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved)), "web")
	in.Failures, in.Horizon = failed("2026-11-26T21:30:00Z"), 24*time.Hour
	wantTold(t, plantest.Built(t, in), `
		pilot/default wave 1 weeknight Nov26T21:00/Nov27T01:00 web-1 web-3: change 0 openssl never
		pilot/default waits for window until Nov30T21:00 web-2: openssl NO_WINDOW GRANTED RETRY_LATER`)
}

func TestBudgetAndChanges(t *testing.T) {
	in := plantest.World("2026-11-21T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved), plantest.Lacks(plantest.Curl, plantest.Approved), plantest.Lacks(plantest.ClamAV, plantest.FastLane))
	in = only(in, "db")
	in.Policy.Rings[0].Requires, in.Policy.Freezes = nil, nil
	in.Policy.Rings[0].MaxUnavailable = policy.Amount{Percent: 75}
	in.Policy.Lanes[0].Reboot = policy.RebootNever
	lacks := func(i int, missing ...inventory.Missing) { in.Snapshot.Hosts[i].Missing = missing }
	lacks(0, inventory.Missing{Update: 0, From: "7.0"}, inventory.Missing{Update: 1, From: "3.0"})
	lacks(1, inventory.Missing{Update: 0, From: "6.0"})
	lacks(2, inventory.Missing{Update: 0, From: "7.0"}, inventory.Missing{Update: 1, From: "3.0"})
	lacks(3, inventory.Missing{Update: 0, From: "7.0"}, inventory.Missing{Update: 2, From: "1"}) // and the same once more
	in.Snapshot.Hosts[3].Missing = append(in.Snapshot.Hosts[3].Missing, inventory.Missing{Update: 0, From: "7.0"})
	in.Snapshot.Hosts[3].RebootPending = true
	for i, reboot := range []string{"no", "yes", "no"} {
		in.Snapshot.Updates[i].Reboot = reboot
	}
	p := plantest.Built(t, in)
	wantTold(t, p, `
		broad/default wave 1 weekend Nov21T19:00/Nov22T03:00 db-1 db-3: change 0 curl+openssl if-required
		broad/default wave 1 weekend Nov21T19:00/Nov22T03:00 db-2: change 1 curl if-required
		broad/default wave 2 weekend Nov21T19:00/Nov22T03:00 db-4: change 2 curl if-required
		broad/definitions wave 1 anytime Nov21T12:00/- db-4: change 3 clamav-daily never`)
	if p.Changes[1].Updates[0].From != "6.0" || p.Changes[2].Updates[0].From != "7.0" {
		t.Errorf("versions replaced: %+v", p.Changes)
	}
	if want := (plan.Summary{Hosts: 7, Planned: 7, Reboots: 3}); p.Summary != want {
		t.Errorf("summary %+v, want %+v", p.Summary, want)
	}
	if p.WorstCase.Down != 3 || p.WorstCase.DoneBy != nil {
		t.Errorf("worst case %+v: the budget is 3, and a window that is always open has no end", p.WorstCase)
	}
}
