package decision

import (
	"reflect"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"pgregory.net/rapid"
)

func instants() *rapid.Generator[*time.Time] {
	return rapid.Custom(func(t *rapid.T) *time.Time {
		if rapid.IntRange(0, 4).Draw(t, "unknown") == 0 {
			return nil
		}
		return ago(time.Duration(rapid.IntRange(-200, 200).Draw(t, "half hours ago")) * 30 * time.Minute)
	})
}

func anyGrant() *rapid.Generator[Grant] {
	return rapid.Custom(func(t *rapid.T) Grant {
		g := Grant{Rule: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "rule")}
		if rapid.Bool().Draw(t, "require") {
			g.Require = &policy.Require{Approvers: rapid.IntRange(1, 3).Draw(t, "approvers"), Role: "ops"}
			return g
		}
		anchor := rapid.SampledFrom([]policy.Anchor{policy.Released, policy.FirstSeen, ""})
		after := hours(rapid.IntRange(0, 60).Draw(t, "after"))
		g.Approve = &policy.Approve{After: after, Anchor: anchor.Draw(t, "anchor"), Fallback: anchor.Draw(t, "fallback")}
		if rapid.Bool().Draw(t, "by date") {
			g.Approve.After, g.Approve.Until = 0, anyEnd().Draw(t, "until")
		}
		return g
	})
}

// anyEnd is none, one around noon, or one that cannot be read.
func anyEnd() *rapid.Generator[string] {
	day := func(days int) string { return noon.AddDate(0, 0, days).Format("2006-01-02") }
	return rapid.SampledFrom([]string{"", day(-3), day(-1), day(0), day(0) + "T12:59", day(0) + "T13:01", day(2), "soon"})
}

func anyBlock() *rapid.Generator[Block] {
	return rapid.Custom(func(t *rapid.T) Block {
		b := Block{
			Kind: rapid.SampledFrom([]BlockKind{Reject, Hold, RequireKind, Failed, "later"}).Draw(t, "kind"),
			Rule: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "module"), Msg: rapid.SampledFrom([]string{"m", "n"}).Draw(t, "msg"),
		}
		if b.Kind == Reject || b.Kind == Hold {
			b.Expires = anyEnd().Draw(t, "expires")
		}
		if b.Kind == RequireKind && rapid.Bool().Draw(t, "whole") {
			b.Require = &policy.Require{Approvers: 1, Role: "ops"}
		}
		return b
	})
}

func anyRequirement(ring string) *rapid.Generator[policy.Requirement] {
	return rapid.Custom(func(t *rapid.T) policy.Requirement {
		untested := []policy.IfUntested{policy.UntestedApprove, policy.UntestedWait, policy.UntestedNeedsApproval, ""}
		r := policy.Requirement{
			Ring: ring, Succeeded: rapid.IntRange(0, 100).Draw(t, "percent"), MinSucceeded: rapid.IntRange(0, 4).Draw(t, "min"),
			Soak: hours(rapid.IntRange(0, 48).Draw(t, "soak")), IfUntested: rapid.SampledFrom(untested).Draw(t, "untested"),
			MinReported:  rapid.SampledFrom([]policy.Amount{{}, {}, {Percent: 50}, {Count: 2}}).Draw(t, "min reported"),
			SamePlatform: rapid.IntRange(0, 3).Draw(t, "platform") == 0,
			Healthy:      rapid.IntRange(0, 2).Draw(t, "healthy") == 0,
		}
		if ring == policy.PoolRing {
			r.Tenant, r.Tenants, r.MinReported = policy.AllTenants, rapid.IntRange(1, 3).Draw(t, "tenants"), policy.Amount{}
			r.EachPlatform = rapid.Bool().Draw(t, "each platform")
		}
		return r
	})
}

func anyEvidence(ring string) *rapid.Generator[RingEvidence] {
	return rapid.Custom(func(t *rapid.T) RingEvidence {
		few := rapid.IntRange(0, 4)
		e := RingEvidence{Ring: ring, Update: openssl, Succeeded: few.Draw(t, "succeeded"), Failed: few.Draw(t, "failed")}
		e.InDoubt = rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(t, "in doubt")
		e.Attempted = e.Succeeded + e.Failed + e.InDoubt
		e.Missing = few.Draw(t, "missing")
		if e.Succeeded > 0 {
			e.SucceededAt = instants().Draw(t, "succeededAt")
			e.Platforms = rapid.SampledFrom([][]string{nil, {"debian 12"}, {"debian 12", "debian 13"}}).Draw(t, "platforms")
			e.Tenants = rapid.IntRange(0, e.Succeeded).Draw(t, "tenants")
			e.Healthy = rapid.SampledFrom([]int{e.Succeeded, e.Succeeded, 0, 1}).Draw(t, "well")
			e.Unhealthy = rapid.SampledFrom([]int{0, 0, 1}).Draw(t, "unwell")
			e.HealthUnknown = rapid.SampledFrom([]int{0, 0, 1}).Draw(t, "health unknown")
			if n := rapid.IntRange(0, e.Succeeded).Draw(t, "on a platform"); n > 0 {
				e.OnPlatforms = []OnPlatform{{"debian 12", n, min(n, e.Tenants)}}
			}
		}
		return e
	})
}

// scene is a query whose parts can still be changed.
type scene struct {
	q        Query
	evidence Evidence
	reports  map[string]Reports
}

func (s scene) decide() Decision {
	s.q.Evidence = NewIndex(s.evidence)
	s.q.Missing = func(ring string) int {
		e, _ := s.evidence.Of(ring, openssl)
		return e.Missing
	}
	s.q.Reported = func(ring string) Reports { return s.reports[ring] }
	return Decide(s.q)
}

// require draws a requirement of a ring or of the pool, and what is known of it.
func (s *scene) require(t *rapid.T, ring string) policy.Requirement {
	r := anyRequirement(ring).Draw(t, "requirement")
	s.evidence = append(s.evidence, anyEvidence(r.Key()).Draw(t, "evidence"))
	size := rapid.IntRange(0, 5).Draw(t, "hosts")
	s.reports[ring] = Reports{Hosts: size, Reached: rapid.IntRange(0, size).Draw(t, "reached")}
	return r
}

func anyScene(t *rapid.T) scene {
	s := scene{reports: map[string]Reports{}, q: query(rapid.SliceOfN(anyGrant(), 0, 4).Draw(t, "grants")...)}
	s.q.Update.Released = instants().Draw(t, "released")
	s.q.Answer.Blocks = rapid.SliceOfN(anyBlock(), 0, 2).Draw(t, "blocks")
	if rapid.Bool().Draw(t, "no blocks") {
		s.q.Answer.Blocks = nil
	}
	for _, ring := range []string{"pilot", "test"}[:rapid.IntRange(0, 2).Draw(t, "gates")] {
		s.q.Ring.Requires = append(s.q.Ring.Requires, s.require(t, ring))
	}
	for _, rings := range [][]string{{"lab", "canary"}, {policy.PoolRing}, {"early"}}[:rapid.SampledFrom([]int{0, 0, 1, 2, 3}).Draw(t, "alternatives")] {
		var all []policy.Requirement
		for _, ring := range rings {
			all = append(all, s.require(t, ring))
		}
		s.q.Ring.RequiresAny = append(s.q.Ring.RequiresAny, all)
	}
	s.q.Platforms = func() []string { return []string{"debian 12", "debian 13"} }
	return s
}

// looser reports whether a lets an update pass where b does not, or earlier.
func looser(a, b Decision) bool {
	rank := func(d Decision) condition { return condition{outcome: d.Outcome, until: d.Until} }
	x, y := rank(a), rank(b)
	return x.weight() < y.weight() || x.weight() == y.weight() && compareEnds(a.Until, b.Until) < 0
}

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScene(t)
		want := s.decide()
		s.q.Answer.Grants = rapid.Permutation(s.q.Answer.Grants).Draw(t, "grants again")
		s.q.Answer.Blocks = rapid.Permutation(s.q.Answer.Blocks).Draw(t, "blocks again")
		ring := *s.q.Ring
		ring.Requires = rapid.Permutation(ring.Requires).Draw(t, "requires again")
		ring.RequiresAny = rapid.Permutation(ring.RequiresAny).Draw(t, "alternatives again")
		s.q.Ring, s.evidence = &ring, rapid.Permutation(s.evidence).Draw(t, "evidence again")
		if got := s.decide(); !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestABlockNeverLoosens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScene(t)
		before := s.decide()
		b := anyBlock().Draw(t, "one more")
		s.q.Answer.Blocks = append(s.q.Answer.Blocks, b)
		if after := s.decide(); looser(after, before) || after.Outcome == Approved && !s.q.over(b.Expires) {
			t.Fatalf("from %+v\nto %+v", before, after)
		}
	})
}

// sceneWithEvidence draws a scene and one of the rings that it has evidence of.
func sceneWithEvidence(t *rapid.T) (s scene, of *RingEvidence) {
	s = anyScene(t)
	if len(s.evidence) == 0 {
		t.Skip("no ring has evidence")
	}
	return s, &s.evidence[rapid.IntRange(0, len(s.evidence)-1).Draw(t, "ring")]
}

func TestAGrantNeverTightens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScene(t)
		before := s.decide()
		s.q.Answer.Grants = append(s.q.Answer.Grants, anyGrant().Draw(t, "one more"))
		if after := s.decide(); looser(before, after) {
			t.Fatalf("from %+v\nto %+v", before, after)
		}
	})
}

// A failure is a host that was missing the update and failed, one that succeeded before, or one nobody counted.
func TestAFailureNeverLoosens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, e := sceneWithEvidence(t)
		before := s.decide()
		switch kind := rapid.IntRange(0, 3).Draw(t, "failure"); {
		case kind == 0 && e.Missing > 0:
			e.Missing, e.Attempted, e.Failed = e.Missing-1, e.Attempted+1, e.Failed+1
		case kind == 1 && e.Succeeded > 0:
			e.Succeeded, e.Failed = e.Succeeded-1, e.Failed+1
		case kind == 2:
			e.Attempted, e.InDoubt = e.Attempted+1, e.InDoubt+1
		default:
			e.Attempted, e.Failed = e.Attempted+1, e.Failed+1
		}
		if after := s.decide(); looser(after, before) {
			t.Fatalf("from %+v\nto %+v", before, after)
		}
	})
}

// A host that no scan reaches any more may lack anything, and is still one of its ring.
func TestAnUnreachableHostNeverLoosens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, e := sceneWithEvidence(t)
		before := s.decide()
		e.Missing++
		r := s.reports[e.Ring]
		if r.Reached > 0 && rapid.Bool().Draw(t, "was reached") {
			r.Reached--
		} else {
			r.Hosts++
		}
		s.reports[e.Ring] = r
		if after := s.decide(); looser(after, before) {
			t.Fatalf("from %+v\nto %+v", before, after)
		}
	})
}

// One more alternative can only help, and one that holds is enough.
func TestAnAlternativeNeverTightens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScene(t)
		if len(s.q.Ring.RequiresAny) == 0 {
			return
		}
		before := s.decide()
		s.q.Ring.RequiresAny = append(s.q.Ring.RequiresAny, []policy.Requirement{s.require(t, "another")})
		if after := s.decide(); looser(before, after) {
			t.Fatalf("from %+v\nto %+v", before, after)
		}
	})
}

func TestTimeOnlyApproves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScene(t)
		now := s.decide()
		s.q.At = s.q.At.Add(time.Duration(rapid.IntRange(1, 1000).Draw(t, "half hours")) * 30 * time.Minute)
		later := s.decide()
		if looser(now, later) {
			t.Fatalf("now %+v\nlater %+v", now, later)
		}
		if due := now.Until != nil && !now.Until.After(s.q.At); due != (now.Outcome != later.Outcome) {
			t.Fatalf("it promised a change at %v\nnow %+v\nlater %+v", now.Until, now, later)
		}
	})
}

// Until is exact: a second before it the answer is still the same, at that instant what was pending is approved, and
// what was rejected is that no more.
func TestUntilIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScene(t)
		d := s.decide()
		if d.Until == nil {
			return
		}
		s.q.At = d.Until.Add(-time.Second)
		if early := s.decide(); early.Outcome != d.Outcome {
			t.Fatalf("early: %+v", early)
		}
		s.q.At = *d.Until
		if then := s.decide(); then.Outcome == Rejected || d.Outcome == Pending && then.Outcome != Approved {
			t.Fatalf("at the instant: %+v", then)
		}
	})
}

func TestNoAnswerIsNoApproval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScene(t)
		s.q.Answer = Answer{}
		if d := s.decide(); d.Outcome == Approved {
			t.Fatalf("the zero answer: %+v", d)
		}
		s = anyScene(t)
		s.q.Answer.Blocks = []Block{{Kind: Failed}}
		if d := s.decide(); d.Outcome != Pending || d.Until != nil {
			t.Fatalf("an error: %+v", d)
		}
	})
}

func TestEveryNoSaysWhy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyScene(t).decide()
		if len(d.Reasons) == 0 || d.Reasons[0].Msg == "" {
			t.Fatalf("%+v", d)
		}
		if d.Until != d.Reasons[0].Until {
			t.Fatalf("ends at %v, its first reason at %v", d.Until, d.Reasons[0].Until)
		}
	})
}
