package verify

import (
	"bytes"
	"errors"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const script = "../../../docs/verify/verify.py"

// second asks the other verifier.
func (s *story) second(t *testing.T, head string, more ...string) (ok bool, said string) {
	t.Helper()
	args := append([]string{script, "--repo", s.dir, "--tenant", "acme", "--rev", head, "--policies", s.dir}, more...)
	var out, complaint bytes.Buffer
	cmd := exec.Command("python3", args...)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1 || strings.Contains(complaint.String(), "Traceback")) {
		t.Fatalf("verify.py: %v\n%s", err, complaint.String())
	}
	return err == nil, out.String()
}

// onlyHere are the forgeries that the second verifier does not look for: it evaluates no rules and builds no plan, has
// no other tenant's ledger, and does not count the rows of a scan.
var onlyHere = []string{
	"a rule that waits longer", "no decisions", "a plan that was stale", "a preview of another plan",
	"invented foreign evidence", "a test clock nobody declared",
	"another policy in the same run", "starts under no policy", "another runner's key", "a scan that invents", "an outcome that is repeated",
}

// TestTheSecondVerifierAgrees: two programs that share nothing come to the same verdict.
func TestTheSecondVerifierAgrees(t *testing.T) {
	t.Parallel()
	s := tell(t)
	signers := []string{"--allowed-signers", s.allowed}
	if ok, said := s.second(t, s.head.Commit, append(signers, "--head", s.head.Commit)...); !ok {
		t.Fatalf("of the honest ledger it says\n%s", said)
	}
	f, honest := newForger(t, s.dir), s.chain()
	for _, name := range slices.Sorted(maps.Keys(forgeries)) {
		x := &forgery{s, copied(honest)}
		forgeries[name].change(x)
		var more []string
		if slices.Contains([]Code{Unsigned, Signature, UnknownKey, NotValid}, forgeries[name].want) {
			more = signers // to ask ssh-keygen about thirty signatures takes a second
		}
		ok, said := s.second(t, f.write(x.chain), more...)
		if ok != slices.Contains(onlyHere, name) {
			t.Errorf("%s: it says ok: %v, want %s\n%s", name, ok, forgeries[name].want, said)
		}
	}
	tried := 0
	for seed := uint64(10_000); tried < 25; seed++ {
		x, changed := s.tamper(f, honest, seed)
		if !changed {
			continue
		}
		tried++
		more := signers
		if x.seen {
			more = append(more[:2:2], "--head", s.head.Commit)
		}
		if ok, _ := s.second(t, x.head, more...); ok {
			t.Errorf("%s: not found by verify.py", x.what)
		}
	}
}

// bothSay holds both verifiers to whether a forged history shows a finding of that code.
func (s *story) bothSay(t *testing.T, f *forger, x *forgery, code Code, shown bool) {
	t.Helper()
	in := s.input()
	in.Head = f.write(x.chain)
	r := mustVerify(t, in)
	if got := slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == code }); got != shown {
		t.Errorf("%s: %v, want %v: %v", code, got, shown, r.Findings)
	}
	if _, said := s.second(t, in.Head); strings.Contains(said, string(code)) != shown {
		t.Errorf("the second verifier says\n%s", said)
	}
}
