package command

import (
	"os"
	"sync"
	"syscall"
)

// signals turns interrupts into a safe point where there is one. While a run is under way the first interrupt stops
// it from starting more and the second cancels what runs; elsewhere the first one cancels. The next one ends the program
// on the spot: the intent in the ledger then tells the next run what may have begun.
type signals struct {
	mu    sync.Mutex
	first os.Signal
	stop  chan struct{} // closed by the first interrupt
	run   bool
}

// stopping is what interrupts lead to, in their order. Waiting is left out where no run is there to end safely.
type stopping struct {
	waiting, cancel func()
	kill            func(code int)
}

// watch handles interrupts until the program ends.
func watch(in <-chan os.Signal, do stopping) *signals {
	s := &signals{stop: make(chan struct{})}
	if in == nil {
		return s
	}
	go func() {
		if s.note(<-in) {
			do.waiting()
			<-in
		}
		do.cancel()
		<-in
		do.kill(s.code())
	}()
	return s
}

// waiting says what a run waits for after the first interrupt.
func (a *app) waiting() {
	what := "what runs goes on"
	if hosts := a.out.busy(); hosts != "" {
		what = "waiting for " + hosts
	}
	a.out.say("stopping: nothing more starts, %s; interrupt again to cancel it", what)
}

// cancelling says what the second interrupt leaves behind.
func (a *app) cancelling() {
	if a.out == nil {
		return
	}
	if hosts := a.out.busy(); hosts != "" {
		a.out.say("cancelling: %s will be in doubt until a scan; interrupt again to end at once", hosts)
	}
}

// note keeps the first interrupt and says whether a run is there to end safely.
func (s *signals) note(sig os.Signal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first = sig
	close(s.stop)
	return s.run
}

// safely announces a run and returns what its first interrupt closes.
func (s *signals) safely() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run = true
	return s.stop
}

// code is the exit code of the first interrupt, 0 without one.
func (s *signals) code() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.first {
	case nil:
		return ExitOK
	case syscall.SIGTERM:
		return ExitTerminated
	}
	return ExitInterrupted
}
