package inventory

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/internal/canonical"
)

// Exact reads snapshots that must be, byte for byte, what Encode writes, and are alike: a history of one site, in which
// a wave reads a few hosts again. A line that the snapshot before had is not read anew, so values of several snapshots
// share what they hold, and nobody may change it. The zero value is ready.
type Exact struct {
	updates map[string]UpdateLine
	hosts   map[string]Host
}

// Decode returns a snapshot and its digest. It accepts what package function Decode accepts and Encode writes again
// without a difference; everything else is ErrSnapshot.
func (x *Exact) Decode(raw []byte) (*Snapshot, string, error) {
	lines := bytes.Split(raw, []byte{'\n'})
	if last := len(lines) - 1; len(lines[last]) > 0 {
		return nil, "", fmt.Errorf("%w: its last line has no end", ErrSnapshot)
	}
	lines = lines[:len(lines)-1]
	if len(lines) == 0 {
		return nil, "", fmt.Errorf("%w: it is empty", ErrSnapshot)
	}
	var h Header
	if err := exactly(lines[0], &h); err != nil {
		return nil, "", fmt.Errorf("%w: line 1: %w", ErrSnapshot, err)
	}
	s := &Snapshot{Tenant: h.Tenant, Site: h.Site, TakenAt: h.TakenAt}
	if h.Updates < 0 || h.Hosts < 0 || len(lines) != 1+h.Updates+h.Hosts {
		return nil, "", fmt.Errorf("%w: its header says %d updates and %d hosts, and it has %d lines", ErrSnapshot, h.Updates, h.Hosts, len(lines))
	}
	if err := x.read(s, lines[1:1+h.Updates], lines[1+h.Updates:]); err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return s, h.Digest, s.exactHeader(h, raw[len(lines[0]):])
}

// exactHeader compares a header with what it stands above.
func (s *Snapshot) exactHeader(h Header, rest []byte) error {
	want := s.header()
	first, err := canonical.Marshal(want)
	if err != nil {
		return err
	}
	want.Digest = canonical.DigestBytes(append(first, rest...))
	if want.Digest != h.Digest {
		return fmt.Errorf("%w: its digest is %s, its header says %s", ErrSnapshot, want.Digest, h.Digest)
	}
	if want.APIVersion != h.APIVersion || want.Kind != h.Kind {
		return fmt.Errorf("%w: line 1 is no snapshot header", ErrSnapshot)
	}
	return nil
}

// read takes lines that are known from before, and reads the others.
func (x *Exact) read(s *Snapshot, updates, hosts [][]byte) error {
	now := Exact{updates: make(map[string]UpdateLine, len(updates)), hosts: make(map[string]Host, len(hosts))}
	for i, line := range updates {
		u, known := x.updates[string(line)]
		if !known {
			if err := exactly(line, &u); err != nil {
				return fmt.Errorf("line %d: %w", i+2, err)
			}
		}
		if u.Index != i {
			return fmt.Errorf("line %d: update %d is out of order", i+2, u.Index)
		}
		now.updates[string(line)] = u
		s.Updates = append(s.Updates, u.Update)
	}
	for i, line := range hosts {
		h, known := x.hosts[string(line)]
		if !known {
			if err := exactly(line, &h); err != nil {
				return fmt.Errorf("line %d: %w", len(updates)+i+2, err)
			}
		}
		if !h.within(len(updates)) {
			return fmt.Errorf("line %d: host %q names an update that is not in the table", len(updates)+i+2, h.Name)
		}
		now.hosts[string(line)] = h
		s.Hosts = append(s.Hosts, h)
	}
	*x = now
	return nil
}

var errForm = errors.New("it is not in canonical form")

// exactly reads a line that must be the canonical form of what it says.
func exactly[T any](line []byte, into *T) error {
	if len(line) >= maxLine {
		return bufio.ErrTooLong
	}
	if err := json.Unmarshal(line, into); err != nil {
		return err
	}
	again, err := canonical.Marshal(*into)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, line) {
		return errForm
	}
	return nil
}
