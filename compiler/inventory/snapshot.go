// Package inventory reads hosts files and keeps snapshots: what one scan saw of one tenant's site.
package inventory

import (
	"time"

	"github.com/ringfence/ringfence/internal/canonical"
)

// Snapshot is the value that scan hands to plan. Updates are interned: hosts name them by index.
// Updates are sorted by purl, hosts by name; indices are stable within one snapshot only.
type Snapshot struct {
	Tenant  string
	Site    string
	TakenAt time.Time
	Updates []Update
	Hosts   []Host
}

// Class is what an update is for, as its source says. Unknown is a class of its own, never "not security".
type Class string

// The classes.
const (
	ClassSecurity    Class = "security"
	ClassBugfix      Class = "bugfix"
	ClassEnhancement Class = "enhancement"
	ClassDefinition  Class = "definition"
	ClassDriver      Class = "driver"
	ClassFeature     Class = "feature"
	ClassUnknown     Class = "unknown"
)

// Classes lists the classes from the most to the least urgent.
var Classes = []Class{ClassSecurity, ClassDefinition, ClassBugfix, ClassEnhancement, ClassDriver, ClassFeature, ClassUnknown}

// Severities lists the severities from worst to unknown.
var Severities = []string{"critical", "high", "medium", "low", "unknown"}

// Update is one installable change. PURL is its identity (pkg:deb/debian/openssl@3.0.17-1~deb12u2?arch=amd64).
type Update struct {
	PURL       string     `json:"purl"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	Class      Class      `json:"class"`
	Severity   string     `json:"severity"`
	Origin     string     `json:"origin"`
	Released   *time.Time `json:"released"` // null: the source does not say
	FirstSeen  time.Time  `json:"firstSeen"`
	Advisories []string   `json:"advisories"`
	CVEs       []string   `json:"cves"`
	Exploited  bool       `json:"exploited"`
	EPSS       *int       `json:"epss"` // millionths
	Supersedes []string   `json:"supersedes"`
	Reboot     string     `json:"reboot"` // yes, no, unknown
}

// HostState says how much of a host the scan saw. Only scanned hosts are judged; the others are never compliant.
type HostState string

// The host states.
const (
	Scanned     HostState = "scanned"
	Stale       HostState = "stale" // reached, but not fully scanned, or never scanned
	Unreachable HostState = "unreachable"
	Quarantined HostState = "quarantined" // its key is not the one we know, or two rings claim it
)

// Host is what the scan saw of one host. Unless State is Scanned, Missing and Installed are what an earlier scan saw, or empty.
type Host struct {
	Name          string      `json:"host"`
	State         HostState   `json:"state"`
	OS            string      `json:"os"`
	BootID        string      `json:"bootId"`
	Kernel        string      `json:"kernel,omitempty"`
	RebootPending bool        `json:"rebootPending"`
	ScannedAt     *time.Time  `json:"scannedAt,omitempty"` // of the last full scan
	Missing       []Missing   `json:"missing"`             // sorted by update
	Installed     []Installed `json:"installed"`           // updates of the table that the host has at that version or newer
	Held          []string    `json:"held"`                // package names
	Notes         []string    `json:"notes"`
	Health        Health      `json:"health,omitempty"` // of the last full scan
	Checks        []Check     `json:"checks,omitempty"` // those that are not well, the worst first
}

// Missing is one update that a host lacks. Held: the host's own package manager holds it back.
type Missing struct {
	Update int    `json:"update"`
	From   string `json:"from"`
	Held   bool   `json:"held,omitempty"`
}

// Installed is one update of the table that a host has, at Version.
type Installed struct {
	Update  int    `json:"update"`
	Version string `json:"version"`
}

// Host returns the host of that name, or nil.
func (s *Snapshot) Host(name string) *Host {
	for i := range s.Hosts {
		if s.Hosts[i].Name == name {
			return &s.Hosts[i]
		}
	}
	return nil
}

// Digest is the identity of the snapshot: that of its lines, see Encode.
func (s *Snapshot) Digest() (string, error) {
	body, err := s.body()
	if err != nil {
		return "", err
	}
	return canonical.DigestBytes(body), nil
}
