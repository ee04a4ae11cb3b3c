package report

import (
	"bytes"
	"encoding/csv"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/compiler/decision"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
)

var at = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// fleet is one ring in which every state occurs once: host and update are named by the state they must get.
func fleet() Input {
	in := Input{At: at, Plan: &plan.Plan{}, Snapshot: &inventory.Snapshot{Site: "main", TakenAt: at}, Policy: &policy.Tenant{
		Name: "acme", Rings: []policy.Ring{{Name: "r", Select: []policy.Label{{Key: "k", Value: "v"}}}},
	}}
	ring := plan.Ring{Ring: "r", Lane: "default"}
	wait := map[State]plan.WaitFor{
		Deferred: plan.ForSoak, AwaitingApproval: plan.ForApproval, AwaitingGate: plan.ForGate, Frozen: plan.ForFreeze, Held: plan.ForHold,
	}
	for i, s := range States {
		name, purl := string(s), "pkg:deb/debian/"+string(s)+"@2"
		h := inventory.Host{Name: name, State: inventory.Scanned}
		u := inventory.Update{PURL: purl, Version: "2", Class: inventory.ClassSecurity, Severity: "high", Reboot: "yes"}
		in.Policy.Hosts = append(in.Policy.Hosts, policy.Host{Name: name, Providers: []string{"apt"}, Labels: []policy.Label{{Key: "k", Value: "v"}}})
		switch s {
		case Installed, InstalledOther, InstalledPendingReboot, InstalledRejected:
			h.Installed = []inventory.Installed{{Update: i, Version: "2"}}
			h.RebootPending = s == InstalledPendingReboot
			if s != InstalledOther {
				in.State.Evidence = append(in.State.Evidence, decision.RingEvidence{Ring: "r", Update: purl, Succeeded: 1})
			}
			if s == InstalledRejected {
				ring.Rejected = append(ring.Rejected, plan.Rejected{Update: purl, Hosts: []string{"somebody"}})
			}
		default:
			h.Missing = []inventory.Missing{{Update: i, From: "1"}}
		}
		switch s {
		case Quarantined:
			in.Plan.Quarantined = []plan.Quarantined{{Host: name, Reason: "no ring selects it"}}
		case StaleScan:
			h.State = inventory.Stale
		case Unreachable:
			h.State = inventory.Unreachable
		case InDoubt:
			in.State.InDoubt = []plan.InDoubt{{Host: name, Ring: "r", Updates: []string{purl}, Since: at}}
		case Failed:
			in.State.Failures = []plan.Failure{{Host: name, Update: purl, Reason: "postinst"}}
		case Rejected:
			ring.Rejected = append(ring.Rejected, plan.Rejected{Update: purl, Hosts: []string{name}})
		case Missing, AwaitingWindow:
			opens := at
			if s == AwaitingWindow {
				opens = at.Add(time.Hour)
			}
			in.Plan.Changes = append(in.Plan.Changes, plan.Change{ID: len(in.Plan.Changes), Updates: []plan.ChangeUpdate{{Update: purl, From: "1"}}})
			ring.Waves = append(ring.Waves, plan.Wave{Opens: opens, Hosts: []string{name}, Change: len(in.Plan.Changes) - 1})
		default:
			if f, ok := wait[s]; ok {
				ring.Waiting = append(ring.Waiting, plan.Waiting{Update: purl, Hosts: []string{name}, For: f})
			}
		}
		in.Snapshot.Updates, in.Snapshot.Hosts = append(in.Snapshot.Updates, u), append(in.Snapshot.Hosts, h)
	}
	in.Plan.Rings = []plan.Ring{ring}
	return in
}

func TestEveryStateOnce(t *testing.T) {
	r := Build(fleet())
	want := map[State]int{}
	for _, s := range States {
		want[s] = 1
	}
	if d := cmp.Diff(want, r.Totals.States); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, r.Rings[0].States); d != "" {
		t.Error(d)
	}
	if r.Totals.Missing != 12 || r.Totals.Applicable != 16 || r.Totals.Scanned != len(States)-2 {
		t.Errorf("missing %d, applicable %d, scanned %d", r.Totals.Missing, r.Totals.Applicable, r.Totals.Scanned)
	}
}

func TestVulnerabilityIsNeverBetterThanKnown(t *testing.T) {
	sec := func(severity string, exploited bool) missing {
		return missing{Update: inventory.Update{Class: inventory.ClassSecurity, Severity: severity, Exploited: exploited}}
	}
	cases := []struct {
		name           string
		list           []missing
		scanned, hosts int
		level          string
	}{
		{"all clear", nil, 3, 3, "none"},
		{"one host unseen", nil, 2, 3, "unknown"},
		{"exploited beats all", []missing{sec("low", true), sec("high", false)}, 3, 3, "critical"},
		{"worst stated", []missing{sec("low", false), sec("high", false)}, 3, 3, "high"},
		{"unstated hides worse than medium", []missing{sec("medium", false), sec("unknown", false)}, 3, 3, "unknown"},
		{"high stays high", []missing{sec("high", false), sec("unknown", false)}, 2, 3, "high"},
		{"medium", []missing{sec("medium", false)}, 3, 3, "medium"},
		{"class unknown", []missing{{Update: inventory.Update{Class: inventory.ClassUnknown}}}, 3, 3, "unknown"},
		{"bugfix only", []missing{{Update: inventory.Update{Class: inventory.ClassBugfix}}}, 3, 3, "none"},
		{"installed, not running", []missing{{Update: sec("high", false).Update, asleep: true}}, 3, 3, "high"},
	}
	for _, c := range cases {
		if v := vulnerability(c.list, c.scanned, c.hosts); v.Level != c.level {
			t.Errorf("%s: %s (%s), expected %s", c.name, v.Level, v.Why, c.level)
		}
	}
}

func TestNeverScannedHostNeedsAPerson(t *testing.T) {
	in := fleet()
	in.Policy.Hosts = append(in.Policy.Hosts, policy.Host{Name: "new", Providers: []string{"apt"}, Labels: []policy.Label{{Key: "k", Value: "v"}}})
	r := Build(in)
	var b bytes.Buffer
	if err := Text(&b, r); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "new: never scanned") || r.Totals.Hosts != r.Totals.Scanned+3 {
		t.Errorf("%s", b.String())
	}
}

// TestOtherSitesHostsAreNotNamed: the ledger is of all sites, the report of one. A host that the policy does not have any
// more may have been at any.
func TestOtherSitesHostsAreNotNamed(t *testing.T) {
	in := fleet()
	in.Policy.Hosts = append(in.Policy.Hosts, policy.Host{Name: "far", Labels: []policy.Label{{Key: "k", Value: "v"}, {Key: "site", Value: "muc"}}})
	for _, host := range []string{"far", "gone"} {
		in.State.InDoubt = append(in.State.InDoubt, plan.InDoubt{Host: host, Ring: "r", Since: at})
		in.State.Failures = append(in.State.Failures, plan.Failure{Host: host, Ring: "r", Reason: "postinst"})
	}
	named := map[string]int{}
	for _, h := range Build(in).Hosts {
		named[h.Host]++
	}
	if named["far"] != 0 || named["gone"] != 2 {
		t.Errorf("named: %v", named)
	}
}

// TestRendering: hostile text from a host reaches no renderer alive, and the CSV parses with every state in it.
func TestRendering(t *testing.T) {
	in := fleet()
	in.State.Failures[0].Reason = "\x1b[31m@all <b>`x`</b> | cell"
	in.Snapshot.Host("unreachable").Notes = []string{"\x1b]0;title\x07 [x](y)"}
	r := Build(in)
	var text, md, table bytes.Buffer
	for _, err := range []error{Text(&text, r), Markdown(&md, r), CSV(&table, []Report{r})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, out := range []string{text.String(), md.String()} {
		if strings.ContainsAny(out, "\x1b\x07") {
			t.Errorf("an escape sequence came through: %q", out)
		}
	}
	for _, live := range []string{" <b>", "@all", "[x](y)", " | cell"} {
		if strings.Contains(md.String(), live) {
			t.Errorf("%q is live markup in:\n%s", live, md.String())
		}
	}
	rows, err := csv.NewReader(&table).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		seen[row[4]] = true
	}
	if len(seen) != len(States) {
		t.Errorf("the CSV has %d of %d states: %v", len(seen), len(States), maps.Keys(seen))
	}
}

func TestSameInputSameReport(t *testing.T) {
	if d := cmp.Diff(Build(fleet()), Build(fleet())); d != "" {
		t.Error(d)
	}
}
