package verify

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/gitrepo/gittest"
	"github.com/ringfence/ringfence/internal/signing"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
	"github.com/ringfence/ringfence/runner/ledger/remote"
)

func TestMain(m *testing.M) { gittest.Main(m) }

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

const (
	openssl = "pkg:deb/debian/openssl@3.0.17-1~deb12u2?arch=amd64"
	bash    = "pkg:deb/debian/bash@5.2.15-3?arch=amd64"
)

func hours(n int) policy.Duration { return policy.Duration(time.Duration(n) * time.Hour) }

func host(name, tier string) policy.Host {
	return policy.Host{Name: name, Providers: []string{"apt"}, Labels: []policy.Label{{Key: "tier", Value: tier}}}
}

// acme has three pilot hosts and five in broad, which waits for pilot and for a ring of another tenant.
func acme() *policy.Tenant {
	return &policy.Tenant{
		APIVersion: "ringfence.dev/v1", Kind: "Policy", Name: "acme", Timezone: "Europe/Berlin",
		Rings: []policy.Ring{
			{
				Name: "broad", Select: []policy.Label{{Key: "tier", Value: "prod"}}, Window: "night",
				Requires: []policy.Requirement{
					{Tenant: "msp-lab", Ring: "test", Succeeded: 100, MinSucceeded: 1, Soak: hours(1), IfUntested: policy.UntestedNeedsApproval},
					{Ring: "pilot", Succeeded: 60, MinSucceeded: 2, Soak: hours(20), IfUntested: policy.UntestedNeedsApproval},
				},
				MaxUnavailable: policy.Amount{Count: 2}, StopAtFailures: 2, Reboot: policy.RebootIfRequired,
			},
			{
				Name: "pilot", Select: []policy.Label{{Key: "tier", Value: "pilot"}}, Window: "night",
				Requires: []policy.Requirement{}, MaxUnavailable: policy.Amount{Count: 1}, Reboot: policy.RebootNever,
			},
		},
		Windows: []policy.Window{{Name: "night", Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, Start: "22:00", Duration: hours(4)}},
		Lanes:   []policy.Lane{}, Rules: []policy.Rule{}, Modules: []policy.Module{},
		Freezes: []policy.Freeze{{Name: "yearEnd", Starts: "2026-12-18T18:00", Ends: "2027-01-04T06:00", Reason: "retail peak"}},
		Hosts: []policy.Host{
			host("db-1", "prod"), host("db-2", "prod"), host("db-3", "prod"), host("db-4", "prod"), host("db-5", "prod"),
			host("web-1", "pilot"), host("web-2", "pilot"), host("web-3", "pilot"),
		},
	}
}

// story is a ledger as runners write it, with everything that a verifier may be given.
type story struct {
	t        testing.TB
	dir      string
	repo     *gitrepo.Repo
	key      *signing.Key
	other    *signing.Key // nobody's
	allowed  string       // the allowed_signers file
	signers  *signing.Signers
	policies []string // commits of the policy, oldest first
	tenant   *policy.Tenant
	ledger   *branch.Ledger
	head     branch.Head
	now      time.Time
	has      map[[2]string]bool          // host and update
	ill      map[string]inventory.Health // hosts that are not well
	lab      branch.Head
	lacks    []string      // what the mirror has, in order
	each     time.Duration // how long an action takes
	setBack  time.Duration // by how much the clock is set back before a wave is recorded
}

func newKey(t testing.TB) (*signing.Key, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %s", out)
	}
	k, err := signing.Open(file, "")
	if err != nil {
		t.Fatal(err)
	}
	return k, file
}

func newStory(t testing.TB) *story {
	t.Helper()
	s := &story{t: t, dir: t.TempDir(), tenant: acme(), now: instant("2026-11-16T20:00:00Z"), has: map[[2]string]bool{}, lacks: []string{bash, openssl}, each: 5 * time.Minute}
	var err error
	if s.repo, err = gitrepo.InitRepo(context.Background(), s.dir); err != nil {
		t.Fatal(err)
	}
	s.key, _ = newKey(t)
	s.other, _ = newKey(t)
	s.allowed = filepath.Join(s.dir, "allowed_signers")
	line := `runner-1 namespaces="git",valid-after="20261101Z",valid-before="20261231Z" ` + s.key.PublicKey() + "\n"
	if err := os.WriteFile(s.allowed, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	if s.signers, err = signing.ParseSigners([]byte(line)); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		gittest.Run(t, s.dir, "commit", "-q", "--allow-empty", "-m", fmt.Sprint("policy ", i))
		s.policies = append(s.policies, gittest.Run(t, s.dir, "rev-parse", "HEAD"))
	}
	s.lab = s.labTested()
	s.ledger = branch.OpenWith(s.repo, "acme", remote.Options{Sign: s.key.Sign})
	return s
}

// labTested is the ledger of the tenant whose ring acme waits for.
func (s *story) labTested() branch.Head {
	at := s.now.Add(-48 * time.Hour)
	a := ledger.Action{
		ID: "lab", Host: "lab-1", Verb: ledger.VerbApply, Ring: "test", StartedAt: at, EndedAt: &at, Platform: "debian 12",
		Updates: []plan.ChangeUpdate{{Update: openssl}, {Update: bash}},
	}
	var h branch.Head
	for _, now := range []ledger.Status{ledger.Started, ledger.Succeeded} {
		var err error
		a.Status = now
		r := ledger.Record{Phase: ledger.PhaseWave, Run: "lab", At: at, Site: "main", Actions: []ledger.Action{a}}
		if h, err = branch.Open(s.repo, "msp-lab").Append(context.Background(), h, branch.Entry{Record: r}); err != nil {
			s.t.Fatal(err)
		}
	}
	return h
}

func (s *story) input() Input {
	return Input{Repo: s.repo, Tenant: "acme", Head: s.head.Commit, Signers: s.signers, Policies: s.repo, Decide: s.decide}
}

func (s *story) seen() *Seen { return &Seen{Seq: s.head.State.Seq, Commit: s.head.Commit} }

// record is a draft of what every record has.
func (s *story) record(phase ledger.Phase, run string) ledger.Record {
	s.now = s.now.Add(time.Second)
	digest, err := s.tenant.Digest()
	if err != nil {
		s.t.Fatal(err)
	}
	return ledger.Record{
		Phase: phase, Run: run, At: s.now, PolicyCommit: s.policies[min(len(s.policies)-1, s.head.State.Seq/10)], Policy: digest,
		Site: "main", Runner: "runner-1",
	}
}

func (s *story) append(r ledger.Record, files map[string][]byte) {
	s.t.Helper()
	h, err := s.ledger.Append(context.Background(), s.head, branch.Entry{Record: r, Files: files})
	if err != nil {
		s.t.Fatal(err)
	}
	s.head = h
}

// snapshot is what a scan sees now.
func (s *story) snapshot() *inventory.Snapshot {
	snap := &inventory.Snapshot{Tenant: "acme", Site: "main", TakenAt: s.now}
	for _, u := range s.lacks {
		name, version, _ := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(u, "?arch=amd64"), "pkg:deb/debian/"), "@")
		seen, ok := s.head.State.FirstSeen[u]
		if !ok {
			seen = s.now
		}
		snap.Updates = append(snap.Updates, inventory.Update{
			PURL: u, Name: name, Version: version, Class: inventory.ClassSecurity, Severity: "unknown", FirstSeen: seen,
			Advisories: []string{}, CVEs: []string{}, Supersedes: []string{}, Reboot: "unknown",
		})
	}
	for _, h := range s.tenant.Hosts {
		line := inventory.Host{Name: h.Name, Health: inventory.HealthOK, State: inventory.Scanned, OS: "debian 12", Missing: []inventory.Missing{}, Installed: []inventory.Installed{}, Held: []string{}, Notes: []string{}}
		if health, ill := s.ill[h.Name]; ill {
			line.Health = health
		}
		for i, u := range snap.Updates {
			if s.has[[2]string{h.Name, u.PURL}] {
				line.Installed = append(line.Installed, inventory.Installed{Update: i, Version: u.Version})
			} else {
				line.Missing = append(line.Missing, inventory.Missing{Update: i, From: "1"})
			}
		}
		snap.Hosts = append(snap.Hosts, line)
	}
	return snap
}

func (s *story) encoded(snap *inventory.Snapshot) map[string][]byte {
	var b bytes.Buffer
	if err := snap.Encode(&b); err != nil {
		s.t.Fatal(err)
	}
	return map[string][]byte{"snapshot/main.jsonl": b.Bytes()}
}

// scan records what the hosts lack, and settles what is in doubt.
func (s *story) scan() {
	r := s.record(ledger.PhaseScan, fmt.Sprint("scan-", s.head.State.Seq))
	for _, d := range s.head.State.InDoubt {
		a := ledger.Action{ID: d.ID, Host: d.Host, Verb: ledger.VerbApply, Ring: d.Ring, StartedAt: d.Since, EndedAt: &s.now, Status: ledger.Failed, HostState: "untouched", Reason: "was in doubt"}
		for _, u := range d.Updates {
			a.Updates = append(a.Updates, plan.ChangeUpdate{Update: u})
		}
		r.Actions = append(r.Actions, a)
	}
	snap := s.snapshot()
	digest, err := snap.Digest()
	if err != nil {
		s.t.Fatal(err)
	}
	r.Scan = &ledger.Scan{Snapshot: digest, Hosts: len(snap.Hosts), Scanned: len(snap.Hosts)}
	count, ringOf := map[ledger.RingMissing]int{}, map[string]string{}
	for _, h := range snap.Hosts {
		ring := map[bool]string{true: "pilot", false: "broad"}[strings.HasPrefix(h.Name, "web")]
		ringOf[h.Name] = ring
		for _, m := range h.Missing {
			count[ledger.RingMissing{Ring: ring, Update: snap.Updates[m.Update].PURL}]++
		}
	}
	r.Scan.Health = ledger.HealthOf(snap, ringOf, s.head.State.Evidence)
	for k, n := range count {
		k.Hosts = n
		r.Scan.Missing = append(r.Scan.Missing, k)
	}
	slices.SortFunc(r.Scan.Missing, func(a, b ledger.RingMissing) int { return strings.Compare(a.Ring+a.Update, b.Ring+b.Update) })
	for _, u := range snap.Updates {
		r.Scan.Seen = append(r.Scan.Seen, u.PURL)
	}
	s.append(r, s.encoded(snap))
}
