//go:build linux

package branch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/gitrepo/gittest"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/ledgertest"
	"github.com/ringfence/ringfence/runner/ledger/remote"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

const childEnv = "RINGFENCE_LEDGER_CHILD"

// child appends records until it is killed, and prints the number of each one that Append said is written.
func child(dir string) {
	ctx := context.Background()
	fail := func(err error) {
		fmt.Println("error:", err)
		os.Exit(3)
	}
	repo, err := gitrepo.Open(ctx, dir)
	if err != nil {
		fail(err)
	}
	l := Open(repo, "acme")
	h, err := l.Head(ctx)
	if err != nil {
		fail(err)
	}
	for n := 0; ; n++ {
		a := ledgertest.Apply(fmt.Sprintf("%d-%d", os.Getpid(), n), "web-1", "pilot", ledger.Started, "u")
		next, err := l.Append(ctx, h, Entry{Record: ledger.Record{Phase: ledger.PhaseIntent, Run: "r", At: t0, Site: "main", Actions: []ledger.Action{a}}})
		var locked *gitrepo.LockedError
		if errors.As(err, &locked) {
			fmt.Println("locked")
			waitOut(dir, locked.Path, l.Ref())
			continue
		}
		if errors.Is(err, remote.ErrMoved) { // the git of a writer that was killed lived on and finished
			next, err = l.Head(ctx)
		}
		if err != nil {
			fail(err)
		}
		h = next
		fmt.Println("wrote", h.State.Seq)
	}
}

// waitOut plays the time that must pass before a torn lock may be taken for an orphan: it ages the lock, and before
// it the guard's intent.
func waitOut(dir, lock, ref string) {
	guard := filepath.Join(dir, ".git", "ringfence", url.PathEscape(ref))
	for path, age := range map[string]time.Duration{lock: 2 * time.Minute, guard: 3 * time.Minute} {
		at := time.Now().Add(-age)
		if err := os.Chtimes(path, at, at); err != nil && !errors.Is(err, os.ErrNotExist) {
			fmt.Println("error:", err)
			os.Exit(3)
		}
	}
}

// TestKilledWritersLoseNothing kills a writer 50 times at random instants, half of the times with the git that it is
// running. What Append said is written must be there, the chain must be whole, and the next writer must go on.
func TestKilledWritersLoseNothing(t *testing.T) {
	repo, dir := remotetest.Repository(t)
	l := Open(repo, "acme")
	random := rand.New(rand.NewPCG(1, 2))
	locked, orphans := 0, 0
	for round := range 50 {
		wrote, n := runAndKill(t, dir, time.Duration(10+random.IntN(190))*time.Millisecond, round%2 == 0)
		locked += n
		if _, err := os.Stat(filepath.Join(dir, ".git", l.Ref()+".lock")); err == nil {
			orphans++
		}
		h := mustHead(t, l)
		if h.State.Seq < wrote {
			t.Fatalf("round %d: record %d was acknowledged, the head is %d", round, wrote, h.State.Seq)
		}
	}
	h := mustHead(t, l)
	if s, err := l.Replay(t.Context(), h); err != nil || !reflect.DeepEqual(s, h.State) {
		t.Errorf("replay: %v", err)
	}
	settled(t, dir)
	gittest.Run(t, dir, "fsck", "--strict", "--full", "--no-dangling", "--no-reflogs")
	h = appendAtLast(t, l, dir)
	t.Logf("%d records, %d locks left behind, %d times one had to be waited out", h.State.Seq, orphans, locked)
	if h.State.Seq < 50 {
		t.Errorf("only %d records in 50 rounds: the test kills too early to prove anything", h.State.Seq)
	}
}

// appendAtLast writes once the gits that outlived their runners have ended, whatever they left.
func appendAtLast(t *testing.T, l *Ledger, dir string) Head {
	t.Helper()
	h, err := l.Append(t.Context(), mustHead(t, l), note("after all"))
	if locked := new(gitrepo.LockedError); errors.As(err, &locked) {
		waitOut(dir, locked.Path, l.Ref())
		h, err = l.Append(t.Context(), mustHead(t, l), note("after all"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func runAndKill(t *testing.T, dir string, after time.Duration, alsoGit bool) (wrote, locked int) {
	t.Helper()
	for _, line := range untilKilled(t, childEnv+"="+dir, after, alsoGit) {
		if n, ok := strings.CutPrefix(line, "wrote "); ok {
			wrote, _ = strconv.Atoi(n)
		}
		if line == "locked" {
			locked++
		}
	}
	return wrote, locked
}

// untilKilled runs this program as a writer, kills it some time after its first line, and returns what it printed.
func untilKilled(t *testing.T, env string, after time.Duration, alsoGit bool) (said []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(io.LimitReader(out, 1<<20))
	lines.Scan() // from the first record on the clock ticks
	time.AfterFunc(after, func() {
		gits := children(cmd.Process.Pid)
		_ = cmd.Process.Kill()
		for _, pid := range gits {
			if alsoGit {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
	for more := true; more; more = lines.Scan() {
		said = append(said, lines.Text())
		if strings.HasPrefix(lines.Text(), "error:") {
			t.Errorf("the writer failed: %s", lines.Text())
		}
	}
	_ = cmd.Wait()
	return said
}

// children lists the processes that a process started and that still run.
func children(pid int) []int {
	var out []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(raw), ") ")
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			n, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			out = append(out, n)
		}
	}
	return out
}
