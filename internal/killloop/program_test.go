//go:build linux

package killloop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/ringfence/ringfence/internal/command"
	"github.com/ringfence/ringfence/providers/plugin"
)

// Tests that need leases to end, or a machine whose clock is ahead, start this test's own binary as the program: the
// same verbs, the same processes, but machine time is what clockEnv says. The rest start the real program.
const (
	programEnv = "KILLLOOP_PROGRAM"
	clockEnv   = "KILLLOOP_CLOCK"
	serveArg   = "serve-watched"
)

// dispatch runs what this process is when it is no test: the program on a clock of its own, or the fleet's provider.
func dispatch() {
	switch {
	case len(os.Args) > 1 && os.Args[1] == serveArg:
		plugin.Serve(newWatched())
	case len(os.Args) > 1 && os.Args[1] == command.SandboxMode:
		os.Exit(command.Main(os.Args[1:], command.System()))
	case os.Getenv(programEnv) != "":
		env := command.System()
		now, err := parseClock(os.Getenv(clockEnv))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(command.ExitUsage)
		}
		env.Now = now
		os.Exit(command.Main(os.Args[1:], env))
	}
}

// machineClock is a machine's time: it was right at origin, and since then runs some times as fast.
type machineClock struct {
	origin time.Time
	speed  int
	ahead  time.Duration
}

func (c machineClock) now() time.Time { return c.at(time.Now()) }

// at is what the machine's clock shows at an instant.
func (c machineClock) at(t time.Time) time.Time {
	return c.origin.Add(c.ahead + t.Sub(c.origin)*time.Duration(c.speed))
}

func (c machineClock) env() string {
	return fmt.Sprintf("%s=%d %d %d", clockEnv, c.origin.UnixNano(), c.speed, c.ahead)
}

func parseClock(text string) (func() time.Time, error) {
	var origin, ahead int64
	var speed int
	if _, err := fmt.Sscan(text, &origin, &speed, &ahead); err != nil {
		return nil, fmt.Errorf("%s: %w", clockEnv, err)
	}
	return machineClock{time.Unix(0, origin), speed, time.Duration(ahead)}.now, nil
}

// built is the folder of the program, if it was made here.
var built string

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

// number reads a test's size from the environment.
func number(name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		panic(fmt.Sprintf("%s is a number, not %q", name, text))
	}
	return n
}
