package transport

import (
	"errors"
	"io"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

var errNoStatus = errors.New("no exit status came back")

// session is one command on an open channel. It works on the channel itself rather than with ssh.Session, which
// cannot tell a command that was refused from one whose start was cut off, nor a whole output from a cut one.
type session struct {
	channel ssh.Channel
	streams *streams
	exit    chan int      // gets the exit code, and is closed when the channel ends
	ended   chan struct{} // is closed when the channel ends
	closed  chan struct{} // the channel has ended and all of its output was read
	mu      sync.Mutex
	flood   error
}

func newSession(channel ssh.Channel, requests <-chan *ssh.Request, limit int) *session {
	s := &session{
		channel: channel, streams: newStreams(limit),
		exit: make(chan int, 1), ended: make(chan struct{}), closed: make(chan struct{}),
	}
	go s.watch(requests)
	return s
}

// start asks for the command. An error leaves open whether it runs; false means that it does not.
func (s *session) start(line string) (bool, error) {
	return s.channel.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{line}))
}

// watch ends when the channel does. Only the first status counts.
func (s *session) watch(requests <-chan *ssh.Request) {
	known := false
	for r := range requests {
		code, ok := exitCode(r)
		if ok && !known {
			known = true
			s.exit <- code
		}
		if r.WantReply {
			r.Reply(false, nil)
		}
	}
	close(s.exit)
	close(s.ended)
}

// exitCode reads an exit-status, or an exit-signal as a shell reports it: 128 and the signal's number.
func exitCode(r *ssh.Request) (int, bool) {
	switch r.Type {
	case "exit-status":
		var m struct{ Status uint32 }
		if ssh.Unmarshal(r.Payload, &m) != nil {
			return 0, false
		}
		return int(m.Status), true
	case "exit-signal":
		var m struct {
			Signal      string
			Core        bool
			Error, Lang string
		}
		if ssh.Unmarshal(r.Payload, &m) != nil {
			return 0, false
		}
		return 128 + signals[m.Signal], true
	}
	return 0, false
}

var signals = map[string]int{
	"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "ABRT": 6, "FPE": 8, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12,
	"PIPE": 13, "ALRM": 14, "TERM": 15,
}

// pump reads both outputs until they end; stop is called if the host floods us. The returned function says why no
// exit status came.
func (s *session) pump(stop func()) func() error {
	var both sync.WaitGroup
	read := func(to io.Writer, from io.Reader) {
		if _, err := io.Copy(to, from); errors.As(err, new(floodError)) {
			s.setFlood(err)
			stop()
		}
	}
	both.Go(func() { read(&s.streams.out, s.channel) })
	both.Go(func() { read(&s.streams.err, s.channel.Stderr()) })
	go func() {
		both.Wait()
		<-s.ended
		close(s.closed)
	}()
	return s.reason
}

func (s *session) setFlood(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flood = err
}

func (s *session) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flood != nil {
		return s.flood
	}
	return errNoStatus
}

// drain waits for the rest of the output of a command that has ended and says whether the channel ended too. It gives
// up when nothing came for a grace period.
func (s *session) drain(grace time.Duration) bool {
	for {
		before := s.streams.seen()
		select {
		case <-s.closed:
			return true
		case <-time.After(grace):
			if s.streams.seen() == before {
				return false
			}
		}
	}
}
