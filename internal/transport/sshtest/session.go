package sshtest

import (
	"io"
	"net"
	"strconv"
	"sync"

	"golang.org/x/crypto/ssh"
)

func (s *Server) channel(sc *ssh.ServerConn, ch ssh.NewChannel) {
	switch ch.ChannelType() {
	case "session":
		if c, requests, err := ch.Accept(); err == nil {
			s.wg.Go(func() { s.session(sc, c, requests) })
		}
	case "direct-tcpip":
		s.forward(ch)
	default:
		ch.Reject(ssh.UnknownChannelType, "no")
	}
}

func (s *Server) session(sc *ssh.ServerConn, c ssh.Channel, requests <-chan *ssh.Request) {
	for r := range requests {
		if r.Type != "exec" || s.noExec {
			r.Reply(false, nil)
			continue
		}
		var m struct{ Command string }
		ssh.Unmarshal(r.Payload, &m)
		s.record(&s.commands, m.Command)
		if s.cutOnExec {
			sc.Close()
			return
		}
		r.Reply(true, nil)
		s.wg.Go(func() { s.end(sc, c, s.handler(m.Command, c, c.Stderr())) })
	}
}

func (s *Server) end(sc *ssh.ServerConn, c ssh.Channel, outcome int) {
	status := func(code int) {
		c.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{uint32(code)}))
	}
	switch outcome {
	case NoStatus:
	case Cut:
		sc.Close()
	case StatusThenCut:
		status(0)
		sc.Close()
	case StatusThenNap:
		status(0)
		return
	case Killed:
		c.SendRequest("exit-signal", false, ssh.Marshal(struct {
			Signal      string
			Core        bool
			Error, Lang string
		}{Signal: "KILL"}))
	default:
		status(outcome)
	}
	c.Close()
}

func (s *Server) forward(ch ssh.NewChannel) {
	var m struct {
		Host  string
		Port  uint32
		From  string
		FromN uint32
	}
	ssh.Unmarshal(ch.ExtraData(), &m)
	address := net.JoinHostPort(m.Host, strconv.Itoa(int(m.Port)))
	s.record(&s.forwards, address)
	out, err := net.Dial("tcp", address)
	if err != nil {
		ch.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	c, requests, err := ch.Accept()
	if err != nil {
		out.Close()
		return
	}
	go ssh.DiscardRequests(requests)
	var once sync.Once
	end := func() { once.Do(func() { c.Close(); out.Close() }) }
	s.wg.Go(func() { io.Copy(c, out); end() })
	s.wg.Go(func() { io.Copy(out, c); end() })
}
