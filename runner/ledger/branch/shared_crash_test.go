//go:build linux

package branch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/gitrepo/gittest"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

const pusherEnv = "RINGFENCE_LEDGER_PUSHER"

// pusher appends to a shared ledger until it is killed, and prints the run of each record that Append said is written.
func pusher(dir string) {
	ctx := context.Background()
	repo, err := gitrepo.Open(ctx, dir)
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(3)
	}
	l := OpenWith(repo, "acme", remotetest.Quick())
	var h Head
	for n := 0; ; n++ {
		id := fmt.Sprintf("%d-%d", os.Getpid(), n)
		next, err := l.Append(ctx, h, started(id))
		var locked *gitrepo.LockedError
		switch {
		case errors.As(err, &locked):
			fmt.Println("locked")
			waitOut(dir, locked.Path, l.ref)
			waitOut(dir, locked.Path, l.history().SeenRef())
			continue
		case err != nil:
			fmt.Println("error:", err)
			os.Exit(3)
		}
		h = next
		fmt.Println("wrote", id)
	}
}

// TestKilledPushersLoseNothing kills two runners in turn, 30 times, at random instants, half of the times with the git
// that pushes. The remote is whole after each, and holds once what Append said is written.
func TestKilledPushersLoseNothing(t *testing.T) {
	bare := remotetest.Bare(t)
	sites := []site{newSite(t, bare), newSite(t, bare)}
	random := rand.New(rand.NewPCG(3, 4))
	var promised []string
	for round := range 30 {
		s := sites[random.IntN(len(sites))]
		wrote := pushAndKill(t, s.Dir, time.Duration(random.IntN(250))*time.Millisecond, round%2 == 0)
		promised = append(promised, wrote...)
		settled(t, bare, s.Dir)
		there := strings.Fields(s.runs(t))
		for _, id := range wrote {
			if !slices.Contains(there, id) {
				t.Fatalf("round %d: %s was acknowledged and is not there", round, id)
			}
		}
	}
	for _, s := range sites {
		if err := s.Push(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	there := strings.Fields(sites[0].runs(t))
	if sorted := slices.Sorted(slices.Values(there)); len(slices.Compact(sorted)) != len(there) {
		t.Errorf("a record is there twice: %q", there)
	}
	for _, s := range sites {
		gittest.Run(t, s.Dir, "fsck", "--strict", "--full", "--no-dangling", "--no-reflogs")
	}
	t.Logf("%d records, %d acknowledged", len(there), len(promised))
	if len(promised) < 20 { // a round whose first word is that a lock is in the way promises nothing
		t.Errorf("only %d records in 30 rounds: the test kills too early to prove anything", len(promised))
	}
}

// settled waits until a push whose runner is gone has ended by itself on both sides: while it writes, git fsck meets
// references to objects that it did not list. A scan that sees nothing may have missed a child that was just being
// started, so two in a row count.
func settled(t *testing.T, dirs ...string) {
	t.Helper()
	for idle := 0; idle < 2; time.Sleep(5 * time.Millisecond) {
		idle++
		cwds, _ := filepath.Glob("/proc/[0-9]*/cwd")
		for _, path := range cwds {
			cwd, err := os.Readlink(path)
			if err == nil && slices.ContainsFunc(dirs, func(dir string) bool { return strings.HasPrefix(cwd, dir) }) {
				idle = 0
			}
		}
	}
}

func pushAndKill(t *testing.T, dir string, after time.Duration, alsoGit bool) (wrote []string) {
	t.Helper()
	for _, line := range untilKilled(t, pusherEnv+"="+dir, after, alsoGit) {
		if id, ok := strings.CutPrefix(line, "wrote "); ok {
			wrote = append(wrote, id)
		}
	}
	return wrote
}
