//go:build linux

package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
)

// ControlVar names the variable with the address at which a lab takes commands. Only processes inside reach it.
const ControlVar = "LAB_CONTROL"

// answer is what the control socket replies.
type answer struct{ Out, Err string }

// Control takes commands on a port of the loopback until ctx ends, and returns the address for [Ask].
func (l *Lab) Control(ctx context.Context) (addr string, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("lab: control: %w", err)
	}
	context.AfterFunc(ctx, func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go l.answer(ctx, c)
		}
	}()
	return ln.Addr().String(), nil
}

func (l *Lab) answer(ctx context.Context, c net.Conn) {
	defer c.Close()
	var words []string
	if json.NewDecoder(c).Decode(&words) != nil {
		return
	}
	out, err := l.Do(ctx, words)
	a := answer{Out: out}
	if err != nil {
		a.Err = err.Error()
	}
	_ = json.NewEncoder(c).Encode(a)
}

// Ask has the lab at addr execute a command.
func Ask(addr string, words []string) (string, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("lab: no lab at %s: %w", addr, err)
	}
	defer c.Close()
	var a answer
	if err := errors.Join(json.NewEncoder(c).Encode(words), json.NewDecoder(c).Decode(&a)); err != nil {
		return "", fmt.Errorf("lab: control: %w", err)
	}
	if a.Err != "" {
		return a.Out, errors.New(a.Err)
	}
	return a.Out, nil
}
