//go:build linux

package lab

import "runtime"

// thread is one operating system thread on which functions run. Processes started on it may ask to die with their
// parent: Linux takes that for the thread that forked, and other threads of a Go program can end at any time.
type thread chan func()

func newThread() thread {
	t := make(thread)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		for f := range t {
			f()
		}
	}()
	return t
}

func (t thread) do(f func() error) error {
	done := make(chan error)
	t <- func() { done <- f() }
	return <-done
}

// end lets the thread go; nothing may be done on it afterwards, but end itself may be called again.
func (t *thread) end() {
	if *t != nil {
		close(*t)
		*t = nil
	}
}
