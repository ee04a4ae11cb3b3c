package command

import (
	"context"
	"os"
	"sync"
	"syscall"
)

// signals turns interrupts into a safe point where there is one. While a run is under way the first interrupt stops
// it from starting more and the second cancels what runs; elsewhere the first one cancels. The third kills: that is
// the system's default, which takes over once two have been handled.
type signals struct {
	mu    sync.Mutex
	first os.Signal
	stop  chan struct{} // closed by the first interrupt
	run   bool
}

// watch handles interrupts until the program ends; waiting is called when the first one leaves a run to end safely.
func watch(in <-chan os.Signal, cancel context.CancelFunc, waiting func()) *signals {
	s := &signals{stop: make(chan struct{})}
	if in == nil {
		return s
	}
	go func() {
		if s.note(<-in) {
			waiting()
			<-in
		}
		cancel()
		<-in
		os.Exit(s.code())
	}()
	return s
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
