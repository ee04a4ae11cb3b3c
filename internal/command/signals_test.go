package command

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestThreeInterrupts: wait, cancel, end; where no run is under way there is nothing to wait for.
func TestThreeInterrupts(t *testing.T) {
	for name, c := range map[string]struct {
		run  bool
		want []string
	}{"a run": {true, []string{"wait", "cancel", "kill 130"}}, "anything else": {false, []string{"cancel", "kill 130"}}} {
		in, said := make(chan os.Signal), make(chan string, 1)
		s := watch(in, stopping{
			waiting: func() { said <- "wait" }, cancel: func() { said <- "cancel" },
			kill: func(code int) { said <- "kill " + map[int]string{ExitInterrupted: "130", ExitTerminated: "143"}[code] },
		})
		var stop <-chan struct{}
		if c.run {
			stop = s.safely()
		}
		for i, want := range c.want {
			in <- []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGTERM}[i]
			if got := <-said; got != want {
				t.Errorf("%s, interrupt %d: %s, expected %s", name, i+1, got, want)
			}
		}
		if c.run {
			<-stop
		}
	}
}

// TestWhatIsWaitedFor: the first interrupt names the hosts that run, the second what becomes of them.
func TestWhatIsWaitedFor(t *testing.T) {
	e, _, stderr, _, _ := station(t, false, false, nil)
	stop := e.follow(atWork())
	e.a.waiting()
	e.a.cancelling()
	stop()
	e.a.waiting()
	for _, want := range []string{"nothing more starts, waiting for c; interrupt again to cancel it", "cancelling: c will be in doubt until a scan", "nothing more starts, what runs goes on"} {
		if !strings.Contains(stderr.text(), want) {
			t.Errorf("%q is not in %q", want, stderr.text())
		}
	}
}
