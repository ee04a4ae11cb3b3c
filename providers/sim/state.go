package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// state is the file that sim writes: where the hosts differ from the fleet file by now.
type state struct {
	Hosts  map[string]*hostState `json:"hosts"`
	Struck map[string]int        `json:"struck"` // how often a fault with a bound struck a host
}

type hostState struct {
	Installed map[string]string `json:"installed,omitempty"`
	// Half holds the packages that failed to configure, with the version before.
	Half    map[string]string `json:"half,omitempty"`
	Boots   int               `json:"boots,omitempty"`
	Kernel  string            `json:"kernel,omitempty"`  // since the last boot
	Pending []string          `json:"pending,omitempty"` // why a reboot is due
	LastAt  time.Time         `json:"lastAt,omitzero"`   // of the last apply; Reboot has no instant of its own
	Changes []change          `json:"changes,omitempty"` // all that was ever done, in order
}

// change is one package operation as it happened, so that a test can see what ran twice.
type change struct {
	Action string    `json:"action"`
	At     time.Time `json:"at"`
	Op     string    `json:"op"`
	Name   string    `json:"name"`
	From   string    `json:"from,omitempty"`
	To     string    `json:"to,omitempty"`
}

func (s *state) host(key string) *hostState {
	h := s.Hosts[key]
	if h == nil {
		h = &hostState{}
		s.Hosts[key] = h
	}
	if h.Installed == nil {
		h.Installed = map[string]string{}
	}
	if h.Half == nil {
		h.Half = map[string]string{}
	}
	return h
}

// store keeps the state between calls and processes.
type store struct {
	path string
	lock *lockedfile.Mutex
}

func newStore(path string) *store {
	return &store{path: path, lock: lockedfile.MutexAt(path + ".lock")}
}

// update lets f change the state while nobody else does. The file is replaced as a whole, or left alone when f says
// that nothing changed.
func (s *store) update(f func(*state) (changed bool)) error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o755); err != nil {
		return fmt.Errorf("make the state's folder: %w", err)
	}
	unlock, err := s.lock.Lock()
	if err != nil {
		return fmt.Errorf("lock the state: %w", err)
	}
	defer unlock()
	current, err := s.load()
	if err != nil {
		return err
	}
	if !f(current) {
		return nil
	}
	raw, err := json.MarshalIndent(current, "", " ")
	if err != nil {
		return fmt.Errorf("encode the state: %w", err)
	}
	return s.replace(raw)
}

func (s *store) load() (*state, error) {
	current := &state{}
	raw, err := os.ReadFile(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("read the state: %w", err)
	default:
		if err := json.Unmarshal(raw, current); err != nil {
			return nil, fmt.Errorf("%s is no state of a fleet: %w", s.path, err)
		}
	}
	if current.Hosts == nil {
		current.Hosts = map[string]*hostState{}
	}
	if current.Struck == nil {
		current.Struck = map[string]int{}
	}
	return current, nil
}

func (s *store) replace(raw []byte) error {
	f, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+".*")
	if err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	_, err = f.Write(raw)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the state: %w", err), os.Remove(f.Name()))
	}
	return nil
}
