package inventory

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ringfence/ringfence/internal/canonical"
)

// ErrSnapshot is wrapped by every error of Decode: the file is cut short, edited or not a snapshot.
var ErrSnapshot = errors.New("not a whole snapshot")

const maxLine = 16 << 20

// Header is the first line of an encoded snapshot.
type Header struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Tenant     string    `json:"tenant"`
	Site       string    `json:"site"`
	TakenAt    time.Time `json:"takenAt"`
	Updates    int       `json:"updates"`
	Hosts      int       `json:"hosts"`
	Digest     string    `json:"digest,omitempty"`
}

// UpdateLine is the line of an update, under the number by which hosts name it.
type UpdateLine struct {
	Index int `json:"update"`
	Update
}

// Encode writes the snapshot as JSON lines: a header that names counts and digest, the updates, the hosts.
func (s *Snapshot) Encode(w io.Writer) error {
	body, err := s.body()
	if err != nil {
		return err
	}
	h := s.header()
	h.Digest = canonical.DigestBytes(body)
	first, err := canonical.Marshal(h)
	if err != nil {
		return err
	}
	_, rest, _ := bytes.Cut(body, []byte{'\n'})
	_, err = w.Write(append(append(first, '\n'), rest...))
	return err
}

func (s *Snapshot) header() Header {
	return Header{
		APIVersion: canonical.APIVersion, Kind: "Snapshot", Tenant: s.Tenant, Site: s.Site,
		TakenAt: s.TakenAt, Updates: len(s.Updates), Hosts: len(s.Hosts),
	}
}

// body is the encoding without the digest: what the digest measures.
func (s *Snapshot) body() ([]byte, error) {
	var b bytes.Buffer
	line := func(v any) error {
		raw, err := canonical.Marshal(v)
		b.Write(raw)
		b.WriteByte('\n')
		return err
	}
	if err := line(s.header()); err != nil {
		return nil, err
	}
	for i, u := range s.Updates {
		if err := line(UpdateLine{i, u}); err != nil {
			return nil, err
		}
	}
	for _, h := range s.Hosts {
		if err := line(h); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// Decode reads what Encode wrote and accepts nothing else: a missing line, an index out of range or another digest
// is ErrSnapshot with the line's number.
func Decode(r io.Reader) (*Snapshot, error) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 64<<10), maxLine)
	var h Header
	if err := next(sc, &h); err != nil {
		return nil, fmt.Errorf("%w: line 1: %w", ErrSnapshot, err)
	}
	if h.Kind != "Snapshot" || h.Updates < 0 || h.Hosts < 0 {
		return nil, fmt.Errorf("%w: line 1 is no snapshot header", ErrSnapshot)
	}
	s := &Snapshot{Tenant: h.Tenant, Site: h.Site, TakenAt: h.TakenAt}
	if err := s.readLines(sc, h); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	got, err := s.Digest()
	if err != nil {
		return nil, err
	}
	if got != h.Digest {
		return nil, fmt.Errorf("%w: its digest is %s, its header says %s", ErrSnapshot, got, h.Digest)
	}
	return s, nil
}

func (s *Snapshot) readLines(sc *bufio.Scanner, h Header) error {
	for i := range h.Updates {
		var u UpdateLine
		if err := next(sc, &u); err != nil {
			return fmt.Errorf("line %d: %w", i+2, err)
		}
		if u.Index != i {
			return fmt.Errorf("line %d: update %d is out of order", i+2, u.Index)
		}
		s.Updates = append(s.Updates, u.Update)
	}
	for i := range h.Hosts {
		var host Host
		if err := next(sc, &host); err != nil {
			return fmt.Errorf("line %d: %w", h.Updates+i+2, err)
		}
		if !host.within(h.Updates) {
			return fmt.Errorf("line %d: host %q names an update that is not in the table", h.Updates+i+2, host.Name)
		}
		s.Hosts = append(s.Hosts, host)
	}
	if sc.Scan() {
		return fmt.Errorf("line %d: more lines than the header says", h.Updates+h.Hosts+2)
	}
	return sc.Err()
}

func (h Host) within(n int) bool {
	for _, m := range h.Missing {
		if m.Update < 0 || m.Update >= n {
			return false
		}
	}
	for _, m := range h.Installed {
		if m.Update < 0 || m.Update >= n {
			return false
		}
	}
	return true
}

func next(sc *bufio.Scanner, into any) error {
	if !sc.Scan() {
		if sc.Err() != nil {
			return sc.Err()
		}
		return io.ErrUnexpectedEOF
	}
	return json.Unmarshal(sc.Bytes(), into)
}
