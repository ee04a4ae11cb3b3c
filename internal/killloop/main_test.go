//go:build linux

package killloop

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/ringfence/ringfence/internal/lab"
)

var (
	seedFlag = flag.Int64("seed", 0, "play only the world of this `SEED`")
	keepFlag = flag.Bool("keep", false, "keep the folder of a world that failed")
)

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "6") // worlds mostly wait for Git, ssh and apt; the command line's -parallel wins
	lab.Main(lab.RunFunc(func() int {
		defer func() { _ = os.RemoveAll(built) }()
		return m.Run()
	}))
}

// built is the folder of the program, if it was made here.
var built string

// Kills of one world, and of a whole test when KILLS does not say otherwise.
const (
	simKills, simWorld = 60, 15
	labKills, labWorld = 40, 20
)

// TestSimulated kills runners of a simulated fleet. Every world is its seed; when exactly a kill strikes is the
// machine's, so that a seed that failed may need a few tries.
func TestSimulated(t *testing.T) {
	t.Parallel()
	eachWorld(t, simKills, simWorld, func(t *testing.T, seed int64) {
		w := newWorld(t, seed)
		w.open(newSimHosts(w))
		for range simWorld / killsOfRound {
			w.round(killsOfRound)
		}
	})
}

const killsOfRound = 5

// eachWorld plays as many worlds as make up the kills, each with a seed of its own.
func eachWorld(t *testing.T, kills, perWorld int, play func(*testing.T, int64)) {
	if text := os.Getenv("KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("KILLS is a number, not %q", text)
		}
		kills = n
	}
	seeds := []int64{*seedFlag}
	if *seedFlag == 0 {
		seeds = nil
		for i := range (kills + perWorld - 1) / perWorld {
			seeds = append(seeds, int64(i)+1)
		}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed-", seed), func(t *testing.T) {
			t.Parallel()
			play(t, seed)
		})
	}
}

// program is the real program, made once for all worlds.
var program = sync.OnceValues(func() (string, error) {
	if given := os.Getenv("KILLLOOP_BINARY"); given != "" {
		return given, nil // of a release, or with a bug planted on purpose
	}
	dir, err := os.MkdirTemp("", "ringfence-killloop-")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "ringfence")
	out, err := exec.Command("go", "build", "-o", path, "github.com/ringfence/ringfence/cmd/ringfence").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, err
})
