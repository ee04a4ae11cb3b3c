//go:build linux

package killloop

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/ringfence/ringfence/internal/lab"
)

var (
	seedFlag = flag.Int64("seed", 0, "play only the world of this `SEED`")
	keepFlag = flag.Bool("keep", false, "keep the folder of a world that failed")
)

func TestMain(m *testing.M) {
	dispatch()
	_ = flag.Set("test.parallel", "6") // worlds mostly wait for Git, ssh and apt; the command line's -parallel wins
	lab.Main(lab.RunFunc(func() int {
		defer func() { _ = os.RemoveAll(built) }()
		return m.Run()
	}))
}

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
	worlds := (number("KILLS", kills) + perWorld - 1) / perWorld
	if *seedFlag != 0 {
		worlds = 1
	}
	eachSeed(t, cmp.Or(*seedFlag, 1), worlds, play)
}

// eachSeed plays n worlds, with one seed after the other.
func eachSeed(t *testing.T, first int64, n int, play func(*testing.T, int64)) {
	for i := range n {
		seed := first + int64(i)
		t.Run(fmt.Sprint("seed-", seed), func(t *testing.T) {
			t.Parallel()
			play(t, seed)
		})
	}
}
