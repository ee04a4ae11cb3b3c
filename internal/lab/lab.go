//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

var errOutside = errors.New("lab: this process is outside the lab's namespaces: call lab.Main from TestMain, or lab.Enter")

// Config says what to bring up.
type Config struct {
	Hosts int // how many, named h1, h2, …; at most 250
}

// Lab is a running fleet with its mirror. Its methods are safe for concurrent use.
type Lab struct {
	Mirror *Mirror // the archive all hosts use

	dir    string // below the run folder
	net    *network
	base   string // root file system under all hosts
	mirror string // the mirror's files
	client sshKey
	hosts  []*Host
	thread thread
	unlock []func()
}

// Up brings up a lab, ready for ssh. Several may run at once: each has a network of its own. Whoever calls Up must
// be [Inside] and should call Down, though the end of the process does the same.
func Up(ctx context.Context, c Config) (*Lab, error) {
	if !Inside() {
		return nil, errOutside
	}
	l := &Lab{thread: newThread()}
	if err := l.up(ctx, c); err != nil {
		return nil, fmt.Errorf("lab: up: %w", errors.Join(err, l.Down()))
	}
	return l, nil
}

func (l *Lab) up(ctx context.Context, c Config) error {
	if c.Hosts < 1 || c.Hosts > 250 {
		return fmt.Errorf("%d hosts: want 1 to 250", c.Hosts)
	}
	if err := l.open(ctx); err != nil {
		return err
	}
	if err := l.connect(); err != nil {
		return err
	}
	for i := range c.Hosts {
		h, err := newHost(l, i+1)
		if err != nil {
			return err
		}
		l.hosts = append(l.hosts, h)
	}
	if err := l.each(func(h *Host) error { return h.raise(ctx) }); err != nil {
		return err
	}
	return l.writeClientFiles()
}

// open finds the products and keeps a builder from removing them.
func (l *Lab) open(ctx context.Context) error {
	at, err := layoutOf("")
	if err != nil {
		return err
	}
	if err := built(string(at)); err != nil {
		return err
	}
	for _, dir := range []string{at.base(), at.mirror()} {
		unlock, err := flock(dir, syscall.LOCK_SH)
		if err != nil {
			return err
		}
		l.unlock = append(l.unlock, unlock)
	}
	l.mirror, l.dir = at.mirror(), at.run()
	l.base, err = baseRoot(ctx, at)
	return err
}

// connect makes the network and starts the mirror on it.
func (l *Lab) connect() (err error) {
	if l.net, err = newNetwork(); err != nil {
		return err
	}
	// Not the bridge's name alone: the next lab may have that name while this one's folder is being removed.
	if l.dir, err = os.MkdirTemp(l.dir, l.net.bridge+"-"); err != nil {
		return err
	}
	if l.client, err = newSSHKey("lab"); err != nil {
		return err
	}
	l.Mirror, err = serveMirror(l.mirror, l.net.gateway()+":80")
	return err
}

// Down ends every host and removes whatever Up made. It may be called more than once.
func (l *Lab) Down() error {
	err := l.each(func(h *Host) error { return h.scrap() })
	if l.Mirror != nil {
		err = errors.Join(err, l.Mirror.close())
	}
	if l.net != nil {
		err = errors.Join(err, l.net.remove())
		if err == nil {
			err = os.RemoveAll(l.dir)
		}
	}
	for _, unlock := range l.unlock {
		unlock()
	}
	l.thread.end()
	l.hosts, l.Mirror, l.net, l.unlock = nil, nil, nil, nil
	return err
}

// each does something to all hosts, a few at a time: beyond the number of cores nothing gets faster.
func (l *Lab) each(do func(*Host) error) error {
	errs := make(chan error, len(l.hosts))
	tokens := make(chan struct{}, 8)
	for _, h := range l.hosts {
		tokens <- struct{}{}
		go func() {
			defer func() { <-tokens }()
			errs <- do(h)
		}()
	}
	var err error
	for range l.hosts {
		err = errors.Join(err, <-errs)
	}
	return err
}

// Hosts are all hosts in the order of their names.
func (l *Lab) Hosts() []*Host { return l.hosts }

// Host is the i-th host, counted from 1 as in its name.
func (l *Lab) Host(i int) *Host { return l.hosts[i-1] }

// ByName finds a host.
func (l *Lab) ByName(name string) (*Host, error) {
	for _, h := range l.hosts {
		if h.Name == name {
			return h, nil
		}
	}
	return nil, fmt.Errorf("lab: no host %q", name)
}
