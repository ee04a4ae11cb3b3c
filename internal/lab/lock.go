//go:build linux

package lab

import (
	"context"
	"fmt"
	"time"
)

// lockProgram takes dpkg's locks as another package manager does (by fcntl, which flock would not be) under a name
// that people know, and keeps them until its time or its input ends.
const lockProgram = `use Fcntl; $0 = "unattended-upgrade"; my @held;
for my $p ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock") {
  open(my $f, ">>", $p) or die "$p: $!";
  my $how = pack("s s x4 q q l x4", F_WRLCK, 0, 0, 0, 0);
  fcntl($f, F_SETLK, $how) or die "$p: $!";
  push @held, $f;
}
$| = 1; print "locked\n"; alarm shift; <STDIN>;`

// LockDpkg holds the host's package database for d, in full seconds, or until release.
func (h *Host) LockDpkg(ctx context.Context, d time.Duration) (release func(), err error) {
	cmd, err := h.command(context.WithoutCancel(ctx), "perl", "-e", lockProgram, fmt.Sprint(int(d.Seconds())))
	if err != nil {
		return nil, err
	}
	stop, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	said := &announcement{said: make(chan string, 1)}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	release = func() { stop.Close(); <-ended }
	select {
	case line := <-said.said:
		if line == "locked\n" {
			return release, nil
		}
		err = fmt.Errorf("%s: lock dpkg: %s", h.Name, line)
	case <-ended:
		err = fmt.Errorf("%s: lock dpkg: %w", h.Name, errOff)
	case <-ctx.Done():
		err = ctx.Err()
	}
	release()
	return nil, err
}

// announcement passes on the first thing a program says.
type announcement struct{ said chan string }

func (a *announcement) Write(p []byte) (int, error) {
	select {
	case a.said <- string(p):
	default:
	}
	return len(p), nil
}
