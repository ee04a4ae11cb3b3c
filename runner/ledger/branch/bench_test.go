package branch

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
)

// The ledger that is measured: 5,000 runs over 200 hosts in three rings, each run a scan, an intent, the outcome of a
// wave of ten hosts, and its end: 20,000 records. Every third run brings an update that nobody has seen before, and
// one action of every twelfth run fails; each host lacks 40 updates.
const (
	benchRuns  = 5_000
	benchHosts = 200
	benchWave  = 10
	benchLacks = 40
)

// bench is a repository with that ledger and the record at its tip.
type bench struct {
	dir  string
	repo *gitrepo.Repo
	tip  Head
}

// newBench writes the ledger with git fast-import. States are what Reduce makes of the records. To keep the making
// short, only every 250th run writes its state and every 100th its snapshot, and the tip both; the records between
// repeat the newest: Log reads headers, and Head the tip.
func newBench(b *testing.B) bench {
	b.Helper()
	dir := b.TempDir()
	if _, err := gitrepo.InitRepo(b.Context(), dir); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command("git", "fast-import", "--quiet", "--date-format=raw")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	w := &importer{b: b, w: bufio.NewWriterSize(in, 1<<20)}
	w.history()
	if err := w.w.Flush(); err != nil {
		b.Fatal(err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	repo, err := gitrepo.Open(b.Context(), dir) // only now: the store lists its packs once
	if err != nil {
		b.Fatal(err)
	}
	tip, err := Open(repo, "acme").Head(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return bench{dir, repo, tip}
}

// importer writes a fast-import stream.
type importer struct {
	b     *testing.B
	w     *bufio.Writer
	state ledger.State
	seq   int
}

func (m *importer) history() {
	for run := range benchRuns {
		at := t0.Add(time.Duration(run) * 6 * time.Hour)
		id := fmt.Sprintf("acme-%06d", m.seq+1)
		actions := benchActions(run, at)
		var snapshot []byte
		if run%100 == 0 || run == benchRuns-1 {
			snapshot = benchSnapshot(m.b, run, at)
		}
		m.record(ledger.Record{Phase: ledger.PhaseScan, Run: id, At: at, Scan: benchScan(run)}, snapshot)
		m.record(ledger.Record{Phase: ledger.PhaseIntent, Run: id, At: at, Plan: benchDigest, Actions: actions}, nil)
		m.record(ledger.Record{Phase: ledger.PhaseWave, Run: id, At: at.Add(time.Hour), Plan: benchDigest, Actions: benchEnds(actions, at)}, nil)
		m.record(ledger.Record{Phase: ledger.PhaseEnd, Run: id, At: at.Add(time.Hour), Plan: benchDigest, Outcome: "ok"}, nil)
	}
}

const benchDigest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func (m *importer) record(r ledger.Record, snapshot []byte) {
	m.seq++
	r.Tenant, r.Site, r.Runner, r.Policy, r.PolicyCommit, r.Seq = "acme", "main", "runner-1", benchDigest, benchDigest[7:47], m.seq
	r = r.Filled()
	m.state = ledger.Reduce(m.state, r)
	fmt.Fprintf(m.w, "commit refs/heads/ringfence/ledger/acme\ncommitter %s <%s> %d +0000\n", ledger.Author, ledger.AuthorEmail, r.At.Unix())
	m.data([]byte(message(r, Entry{})))
	m.file(recordFile, r)
	if r.Phase == ledger.PhaseEnd && (m.seq/4%250 == 0 || m.seq == 4*benchRuns) || m.seq == 1 {
		m.file(stateFile, m.state)
	}
	if snapshot != nil {
		fmt.Fprintf(m.w, "M 100644 inline %s\n", SnapshotPath("main"))
		m.data(snapshot)
	}
}

func (m *importer) file(name string, v any) {
	raw, err := ledger.Encode(v)
	if err != nil {
		m.b.Fatal(err)
	}
	fmt.Fprintf(m.w, "M 100644 inline %s\n", name)
	m.data(raw)
}

func (m *importer) data(raw []byte) {
	fmt.Fprintf(m.w, "data %d\n", len(raw))
	m.w.Write(raw)
	m.w.WriteByte('\n')
}

func benchPURL(n int) string {
	return fmt.Sprintf("pkg:deb/debian/package-%05d@1.2.%d-1~deb12u1?arch=amd64", n, n%7)
}

func benchRing(host int) string { return [...]string{"pilot", "broad", "broad", "core"}[host%4] }

// newest is the number of the newest update at a run.
func newest(run int) int { return benchLacks + run/3 }

func benchActions(run int, at time.Time) []ledger.Action {
	var out []ledger.Action
	for n := range benchWave {
		host := (run*benchWave + n) % benchHosts
		out = append(out, ledger.Action{
			ID: fmt.Sprintf("%s%08d", benchDigest[:63], run*benchWave+n), Host: fmt.Sprintf("web-%03d", host), Verb: ledger.VerbApply,
			Ring: benchRing(host), Lane: "default", Wave: 1, Window: "weeknight", Opens: at, StartedAt: at, Status: ledger.Started, HostState: "untouched",
			Updates: []plan.ChangeUpdate{{Update: benchPURL(newest(run)), From: "1.2.2-1"}, {Update: benchPURL(newest(run) - 1), From: "1.2.2-1"}},
		})
	}
	return out
}

func benchEnds(actions []ledger.Action, at time.Time) []ledger.Action {
	var out []ledger.Action
	for n, a := range actions {
		ended := at.Add(time.Duration(n+1) * time.Minute)
		a.Status, a.HostState, a.Platform, a.EndedAt = ledger.Succeeded, "done", "debian 12", &ended
		if n == 9 && a.Opens.Hour() == 0 && a.Opens.Day()%3 == 0 {
			a.Status, a.HostState, a.Reason = ledger.Failed, "partial", "the post-installation script returned exit status 1"
		}
		out = append(out, a)
	}
	return out
}

func benchScan(run int) *ledger.Scan {
	s := &ledger.Scan{Snapshot: benchDigest, Hosts: benchHosts, Scanned: benchHosts}
	for n := newest(run) - benchLacks; n <= newest(run); n++ {
		s.Seen = append(s.Seen, benchPURL(n))
		for i, ring := range []string{"broad", "core", "pilot"} {
			s.Missing = append(s.Missing, ledger.RingMissing{Ring: ring, Update: benchPURL(n), Hosts: 20 * (i + 1)})
		}
	}
	return s
}

// benchSnapshot changes for every host at every scan, as uptimes, clocks and kernels do.
func benchSnapshot(b *testing.B, run int, at time.Time) []byte {
	s := inventory.Snapshot{Tenant: "acme", Site: "main", TakenAt: at}
	for n := newest(run) - benchLacks; n <= newest(run); n++ {
		s.Updates = append(s.Updates, inventory.Update{PURL: benchPURL(n), Name: fmt.Sprintf("package-%05d", n), Version: fmt.Sprintf("1.2.%d-1~deb12u1", n%7), Class: inventory.ClassSecurity, Severity: "high", Origin: "Debian-Security", FirstSeen: t0})
	}
	for h := range benchHosts {
		host := inventory.Host{Name: fmt.Sprintf("web-%03d", h), State: inventory.Scanned, OS: "debian 12"}
		for m := range benchLacks {
			host.Missing = append(host.Missing, inventory.Missing{Update: m + (h+run)%2, From: "1.2.2-1"})
		}
		s.Hosts = append(s.Hosts, host)
	}
	var out bytes.Buffer
	if err := s.Encode(&out); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// BenchmarkLedger measures what status and log read, and the first fetch. The same ledger below a policy of 200 hosts,
// whole commands of the built binary, two cores, Go 1.26:
//
//	status      0.18 s of CPU (was 0.36 to 0.5 s): states forget, so the tip has 843 rows of evidence in 281 kB, not
//	            5,004 in 1.4 MB, and its canonical JSON took most of the time
//	log -n 0    0.5 s for 20,000 records (was 2.7 s): go-git opened the pack anew, twice for each object; packs now stay
//	            open while a reader needs them, and git reads long lines of commits ahead
//	clone       depth 1: the compressed state is 15 kB, the rest is the snapshot
//
// A log of all records by go-git alone, packs open, takes 1.6 s: each object is looked for as a file, sized and read.
func BenchmarkLedger(b *testing.B) {
	made := time.Now()
	x := newBench(b)
	b.Logf("made in %s: %d records, state %d rows", time.Since(made).Round(time.Second), x.tip.State.Seq, len(x.tip.State.Evidence))
	b.Run("status", func(b *testing.B) { benchStatus(b, x) })
	b.Run("log", func(b *testing.B) { benchLog(b, x) })
	b.Run("clone", func(b *testing.B) { benchClone(b, x) })
}

// benchStatus is what status reads of a ledger, each time in a process that has read nothing before.
func benchStatus(b *testing.B, x bench) {
	for b.Loop() {
		repo, err := gitrepo.Open(b.Context(), x.dir)
		if err != nil {
			b.Fatal(err)
		}
		l := Open(repo, "acme")
		h, err := l.Head(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if s, err := l.Snapshot(b.Context(), h, "main"); err != nil || len(s.Hosts) != benchHosts {
			b.Fatal(err)
		}
	}
}

func benchLog(b *testing.B, x bench) {
	for b.Loop() {
		repo, err := gitrepo.Open(b.Context(), x.dir)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for _, err := range Open(repo, "acme").Log(b.Context(), x.tip, 0) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 4*benchRuns {
			b.Fatalf("%d records", n)
		}
	}
}

// benchClone reports the bytes of the pack that a runner without a clone fetches.
func benchClone(b *testing.B, x bench) {
	for b.Loop() {
		dir := filepath.Join(b.TempDir(), "clone")
		cmd := exec.Command("git", "clone", "-q", "--bare", "--depth=1", "--single-branch", "--branch=ringfence/ledger/acme", "file://"+x.dir, dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		packs, err := filepath.Glob(filepath.Join(dir, "objects", "pack", "*.pack"))
		if err != nil || len(packs) != 1 {
			b.Fatal(packs, err)
		}
		info, err := os.Stat(packs[0])
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size()), "pack-bytes")
	}
}
