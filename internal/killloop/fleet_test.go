//go:build linux

package killloop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"time"

	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/providers/sim"
)

// watched is provider sim, run as a plugin of a third party, that writes down when it was asked to do what, in the
// machine's real time, and takes its time about an installation. Each installation is also a numbered I/O point.
type watched struct {
	*sim.Provider
	log    string
	takes  time.Duration
	points points
}

func newWatched() *watched { return &watched{Provider: sim.New()} }

// The settings beside those of sim.
const (
	setLog, setTakes, setPoints = "log", "takes", "points"
)

func (p *watched) Configure(ctx context.Context, config map[string]string) error {
	config = maps.Clone(config)
	p.log, p.points = config[setLog], points(config[setPoints])
	var err error
	if p.takes, err = time.ParseDuration(config[setTakes]); err != nil {
		return err
	}
	for _, key := range []string{setLog, setTakes, setPoints} {
		delete(config, key)
	}
	return p.Provider.Configure(ctx, config)
}

func (p *watched) Scan(ctx context.Context, r providers.ScanRequest, e providers.Exec) (providers.HostScan, error) {
	scan, err := p.Provider.Scan(ctx, r, e)
	return scan, errors.Join(err, p.note(sighting{What: scanned, Tenant: r.Host.Tenant, Host: r.Host.Name}))
}

func (p *watched) Apply(ctx context.Context, r providers.ChangeRequest, e providers.Exec) (providers.Result, error) {
	s := sighting{What: began, Tenant: r.Host.Tenant, Host: r.Host.Name, Action: r.ActionID}
	here := p.points.next("start of " + r.Host.Tenant + "/" + r.Host.Name)
	here.before()
	if err := p.note(s); err != nil {
		return providers.Result{}, err
	}
	here.during()
	time.Sleep(p.takes) // what it does cannot be taken back, so it does not look at the context
	result, err := p.Provider.Apply(ctx, r, e)
	s.What = ended
	err = errors.Join(err, p.note(s))
	here.after()
	return result, err
}

// sighting is one thing that happened on a host.
type sighting struct {
	At     time.Time `json:"at"`
	What   event     `json:"what"`
	Tenant string    `json:"tenant"`
	Host   string    `json:"host"`
	Action string    `json:"action,omitempty"`
}

type event string

const (
	began   event = "began"
	ended   event = "ended"
	scanned event = "scanned"
)

// note appends one line, which the kernel does in one piece.
func (p *watched) note(s sighting) error {
	s.At = time.Now()
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(raw, '\n'))
	return errors.Join(err, f.Close())
}

// readLog returns what happened on the hosts, oldest first.
func readLog(path string) ([]sighting, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []sighting
	for line := range bytes.Lines(raw) {
		var s sighting
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, err
}
