package simulator

import (
	"flag"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	everyPoint = flag.Bool("every-point", false, "TestCrashPoints: crash at every point in every way, instead of a part of them")
	scene      = flag.Int("scene", 0, "TestCrash: which of the Scenes")
	point      = flag.Int("point", 0, "TestCrash: which point of its first runner")
	way        = flag.String("way", string(Before), "TestCrash: before, torn or after")
)

// some is how many worlds of each scene are played without -every-point.
const some = 18

// TestCrashPoints lets a runner die wherever it touches the outside, one place and one way at a time, in many scenes. What
// follows must keep every promise, and get everything done.
func TestCrashPoints(t *testing.T) {
	begun := time.Now()
	var scenes [][]crashed
	names, points := map[string]bool{}, 0
	for i := range Scenes {
		all := pointsOf(t, &Scenes[i])
		points += len(all)
		for _, name := range all {
			names[name] = true
		}
		scenes = append(scenes, allOf(&Scenes[i], all))
	}
	worlds := slices.Concat(scenes...)
	if !*everyPoint {
		worlds = chosen(scenes)
	}
	tried := playCrashes(t, worlds)
	t.Logf("%d scenes, %d points of %d kinds, %d ways: %d of %d worlds in %s", len(Scenes), points, len(names), len(Ways), len(worlds), points*len(Ways), time.Since(begun).Round(time.Second))
	for _, name := range slices.Sorted(maps.Keys(tried)) {
		t.Logf("%6d worlds  %s", tried[name], name)
	}
	if len(names) < kinds {
		t.Errorf("%d kinds of points, there were %d", len(names), kinds)
	}
}

// kinds is how many kinds of points there are at least: what nobody passes any more is not tried.
const kinds = 19

// TestCrash plays one of those worlds and tells every event of it with -v.
func TestCrash(t *testing.T) {
	if *point == 0 {
		t.Skip("no -point given")
	}
	s := &Scenes[*scene]
	if _, err := Run(s.Seed, Options{Scene: s, Crash: &Crash{Point: *point, How: Way(*way), Gone: s.gone}, Trace: t.Output()}); err != nil {
		t.Fatal(err)
	}
}

// crashed is one world in which the first runner dies.
type crashed struct {
	scene *Scene
	crash Crash
	point string
}

// pointsOf plays a scene without a crash and lists the points of its first runner.
func pointsOf(t *testing.T, s *Scene) []string {
	var out []string
	if _, err := Run(s.Seed, Options{Scene: s, Points: func(what string) { out = append(out, what) }}); err != nil {
		t.Fatalf("%s, without a crash: %v", s.Name, err)
	}
	return out
}

// allOf are all the worlds of a scene with one crash.
func allOf(s *Scene, points []string) []crashed {
	var out []crashed
	for i, what := range points {
		for _, how := range Ways {
			out = append(out, crashed{s, Crash{Point: i + 1, How: how, Gone: s.gone}, what})
		}
	}
	return out
}

// chosen are some worlds of each scene, spread over its points, and then as many as it takes to have three of each point
// and way.
func chosen(scenes [][]crashed) []crashed {
	var out []crashed
	n := map[string]int{}
	take := func(c crashed) { out, n[c.name()] = append(out, c), n[c.name()]+1 }
	for scene, all := range scenes {
		for i := range some {
			take(all[(i*len(all)/some+scene*7)%len(all)])
		}
	}
	for _, c := range slices.Concat(scenes...) {
		if n[c.name()] < 3 {
			take(c)
		}
	}
	return out
}

func (c crashed) name() string { return c.point + ", " + string(c.crash.How) }

// playCrashes returns in how many worlds the runner died at each point and in each way.
func playCrashes(t *testing.T, worlds []crashed) map[string]int {
	tried := map[string]int{}
	var mu sync.Mutex
	var next atomic.Int64
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := next.Add(1); i <= int64(len(worlds)); i = next.Add(1) {
				c := worlds[i-1]
				r, err := Run(c.scene.Seed, Options{Scene: c.scene, Crash: &c.crash})
				died := r.Coverage["runners killed at a point: "+string(c.crash.How)] > 0
				mu.Lock()
				tried[c.name()]++
				if !died {
					t.Errorf("%s: nobody died at point %d (%s)", c.scene.Name, c.crash.Point, c.name())
				}
				if err != nil {
					t.Errorf("%s, point %d (%s): %v", c.scene.Name, c.crash.Point, c.name(), err)
				}
				mu.Unlock()
				if t.Failed() && !*everyPoint {
					return
				}
			}
		})
	}
	all.Wait()
	return tried
}
