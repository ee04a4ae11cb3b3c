package verify

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
)

// tampering changes a history at random. It returns what it did; "" when it happened to change nothing.
type tampering func(r *rand.Rand, x *forgery) string

// tamperings are what an attacker may try with a whole history.
var tamperings = map[string]tampering{
	"drop": func(r *rand.Rand, x *forgery) string {
		i := r.IntN(len(x.chain) - 1)
		x.chain = slices.Delete(x.chain, i, i+1)
		x.chain[i].untouched = false
		return fmt.Sprint("record ", i+1)
	},
	"swap": func(r *rand.Rand, x *forgery) string {
		i, j := r.IntN(len(x.chain)), r.IntN(len(x.chain))
		x.chain[i], x.chain[j] = x.chain[j], x.chain[i]
		x.chain[min(i, j)].untouched = false
		return changed(i != j, "records %d and %d", i+1, j+1)
	},
	"duplicate": func(r *rand.Rand, x *forgery) string {
		i := r.IntN(len(x.chain) - 1) // one more at the end is no tampering but a record
		x.again(i)
		return fmt.Sprint("record ", i+1)
	},
	"truncate": func(r *rand.Rand, x *forgery) string {
		n := 1 + r.IntN(len(x.chain)-1)
		x.chain = x.chain[:n]
		return fmt.Sprint("after record ", n)
	},
	"fork": func(r *rand.Rand, x *forgery) string {
		n := 1 + r.IntN(len(x.chain)-1)
		l := x.chain[n]
		l.untouched, l.record = false, ledger.Record{Phase: ledger.PhaseNote, Run: "fork", At: l.record.At, Site: "main", Runner: "runner-1", Tenant: "acme", APIVersion: canonical.APIVersion, Kind: "Record", Actions: []ledger.Action{}}
		l.subject, l.outcome = "acme: note fork", ""
		x.chain = append(x.chain[:n], l)
		return fmt.Sprint("at record ", n+1)
	},
	"back-date": func(r *rand.Rand, x *forgery) string {
		l, i := x.any(r)
		l.record.At = l.record.At.Add(-time.Duration(1+r.IntN(100)) * time.Hour)
		return fmt.Sprint("record ", i+1)
	},
	"edit a byte": func(r *rand.Rand, x *forgery) string {
		l, i := x.any(r)
		name := slices.Sorted(maps.Keys(l.files))[r.IntN(len(l.files))]
		raw := bytes.Clone(l.files[name])
		at := r.IntN(len(raw))
		raw[at] ^= byte(1 + r.IntN(255))
		l.files[name], l.asItIs = raw, true
		return fmt.Sprintf("record %d, %s, byte %d", i+1, name, at)
	},
	"edit a line of the commit": func(r *rand.Rand, x *forgery) string {
		l, i := x.any(r)
		at, by := r.IntN(400), byte(1+r.IntN(255))
		l.text = func(text []byte) []byte {
			text = bytes.Clone(text)
			text[at%len(text)] ^= by
			return text
		}
		return fmt.Sprintf("record %d, byte %d", i+1, at)
	},
	"older policy": func(r *rand.Rand, x *forgery) string {
		l, i := x.any(r)
		old := l.record.PolicyCommit
		l.record.PolicyCommit = x.policies[r.IntN(len(x.policies))]
		return changed(l.record.PolicyCommit != old, "record %d", i+1)
	},
	"renumber": func(r *rand.Rand, x *forgery) string {
		l, i := x.any(r)
		l.asItIs, l.record.Seq = true, l.record.Seq+1+r.IntN(5)
		l.files[recordFile], _ = ledger.Encode(l.record)
		return fmt.Sprint("record ", i+1)
	},
	"replace the state": func(r *rand.Rand, x *forgery) string {
		l, i := x.any(r)
		other := x.chain[r.IntN(len(x.chain))].files[stateFile]
		if bytes.Equal(other, l.files[stateFile]) {
			return ""
		}
		l.files[stateFile], l.asItIs = other, true
		return fmt.Sprint("of record ", i+1)
	},
	"another outcome": func(r *rand.Rand, x *forgery) string {
		l := x.at(ledger.PhaseWave, r.IntN(8))
		a := &l.record.Actions[0]
		old := a.Status
		a.Status = []ledger.Status{ledger.Succeeded, ledger.Failed, ledger.Skipped}[r.IntN(3)]
		return changed(a.Status != old, "of %s", a.Host)
	},
	"strip the signature": func(r *rand.Rand, x *forgery) string {
		l, i := x.any(r)
		l.sign = nil
		return fmt.Sprint("of record ", i+1)
	},
	"another file": func(r *rand.Rand, x *forgery) string {
		l, i := x.any(r)
		l.files[[]string{"a", "inputs/x", "run/x", "snapshot/x.jsonl", "x/y"}[r.IntN(5)]] = []byte("hello")
		return fmt.Sprint("in record ", i+1)
	},
	"another parent": func(r *rand.Rand, x *forgery) string {
		l, i := x.any(r)
		parent := x.chain[r.IntN(len(x.chain))].hash
		if i == 0 || parent == x.chain[i-1].hash {
			return ""
		}
		l.parents = []string{parent}
		return fmt.Sprint("of record ", i+1)
	},
}

func changed(ok bool, format string, args ...any) string {
	if !ok {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

// any picks a record to change.
func (x *forgery) any(r *rand.Rand) (*link, int) {
	i := r.IntN(len(x.chain))
	x.chain[i].untouched = false
	return &x.chain[i], i
}

// attackers differ in what they sign with.
var attackers = map[string]func(s *story, l link) gitrepo.SignFunc{
	"keeps the signatures": func(s *story, l link) gitrepo.SignFunc {
		return func([]byte) ([]byte, error) {
			_, armored, err := s.repo.Signature(l.hash)
			return armored, err
		}
	},
	"signs nothing":             func(*story, link) gitrepo.SignFunc { return nil },
	"signs with another key":    func(s *story, _ link) gitrepo.SignFunc { return s.other.Sign },
	"has the key, not the seen": func(s *story, _ link) gitrepo.SignFunc { return s.key.Sign },
}

// tampered is one history that an attacker wrote.
type tampered struct {
	what    string
	head    string
	seen    bool // only who has seen the honest head can know
	insider bool
}

// tamper makes one tampered history from a seed.
func (s *story) tamper(f *forger, honest []link, seed uint64) (tampered, bool) {
	r := rand.New(rand.NewPCG(seed, 1))
	names, who := slices.Sorted(maps.Keys(tamperings)), slices.Sorted(maps.Keys(attackers))
	name, attacker := names[r.IntN(len(names))], who[r.IntN(len(who))]
	x := &forgery{s, copied(honest)}
	did := tamperings[name](r, x)
	if did == "" {
		return tampered{}, false
	}
	insider := strings.HasPrefix(attacker, "has the key")
	fresh := false
	for i := range x.chain {
		l := &x.chain[i]
		if fresh = fresh || !l.untouched; fresh && l.sign != nil {
			l.sign = attackers[attacker](s, *l)
		}
	}
	t := tampered{what: fmt.Sprintf("seed %d: %s (%s), %s", seed, name, did, attacker), head: f.write(x.chain), insider: insider}
	t.seen = insider || name == "truncate"
	return t, t.head != s.head.Commit
}

// campaign is how many tampered histories are tried: TAMPER=10000 make tamper for a long one.
func campaign(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("TAMPER"))
	if os.Getenv("TAMPER") == "" {
		return 500
	}
	if err != nil || n < 1 {
		t.Fatalf("TAMPER=%q is no number", os.Getenv("TAMPER"))
	}
	return n
}

// copy is the same story in a repository of its own.
func (s *story) copy() *story {
	s.t.Helper()
	out := *s
	out.dir = filepath.Join(s.t.TempDir(), "copy")
	err := os.CopyFS(out.dir, os.DirFS(s.dir))
	if err == nil {
		out.repo, err = gitrepo.Open(context.Background(), out.dir)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return &out
}

// TestTamperedHistories: every history that somebody changed is found. Who has no key is found without a witness,
// unless the history was merely cut; who has the key is found by anybody who saw the honest head.
func TestTamperedHistories(t *testing.T) {
	t.Parallel()
	original := tell(t)
	s, honest := original.copy(), original.chain()
	f := newForger(t, s.dir)
	tried, alone := 0, 0
	for seed := uint64(0); tried < campaign(t); seed++ {
		x, ok := s.tamper(f, honest, seed)
		if !ok {
			continue
		}
		if tried++; tried%200 == 0 { // a long campaign must not fill the disk
			os.RemoveAll(s.dir)
			s = original.copy()
			f = newForger(t, s.dir)
			x, _ = s.tamper(f, honest, seed)
		}
		in := s.input()
		in.Head = x.head
		if x.seen {
			in.Seen = s.seen()
		}
		if r := mustVerify(t, in); r.OK() {
			t.Errorf("%s: not found", x.what)
		}
		if in.Seen = nil; x.insider && !mustVerify(t, in).OK() {
			alone++
		}
	}
	t.Logf("%d tampered histories, all found; %d of those by insiders also without a witness", tried, alone)
}
