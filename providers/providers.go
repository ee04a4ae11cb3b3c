// Package providers is the contract between Ringfence and whatever knows one package system. A provider is a plugin
// process: it never sees a connection or a key. It asks the core's broker (Exec) to run commands of the allow-list
// that its Describe declares, on the one host of the call, and turns their output into the values below.
//
// Start with Provider; package plugin carries it over a process boundary, package providertest checks any
// implementation.
package providers

import (
	"context"
	"errors"
	"time"
)

// Provider scans, previews and applies for one package system. Every call concerns one host; calls for different
// hosts run concurrently. Preview and Scan change nothing that a user of the host could notice; package indexes may
// be refreshed by Scan.
type Provider interface {
	// Describe is pure: the same binary and configuration answer the same.
	Describe(context.Context) (Description, error)
	// Scan returns everything that is installed and missing. A scan that could not see everything is an error:
	// a short list would be a false "nothing missing".
	Scan(context.Context, ScanRequest, Exec) (HostScan, error)
	// Preview asks the host's resolver what Apply would do, in the same shape as Apply's result.
	Preview(context.Context, ChangeRequest, Exec) (Preview, error)
	// Apply installs exactly the targets; whatever the resolver wants beyond targets and closure stops it untouched.
	Apply(context.Context, ChangeRequest, Exec) (Result, error)
}

// Rebooter is implemented by providers that can reboot their hosts. It only asks for the reboot; the core waits and
// compares boot ids.
type Rebooter interface {
	Reboot(context.Context, HostRef, Exec) error
}

// Examiner is implemented by providers that can say how well a host is. It changes nothing. The core asks with each scan,
// right before a change and right after it; of a host whose provider is no Examiner nothing is known, which no gate takes
// for health.
type Examiner interface {
	// Health returns one Check for each thing that was looked at, each name once. What could not be looked at is a
	// check of state unknown; the error means that nothing could.
	Health(context.Context, HealthRequest, Exec) ([]Check, error)
}

// Configurer is implemented by providers that take settings: the strings that the repository's ringfence.cue holds for
// the provider, paths made absolute. It is called once, before any other call. A key that the provider does not know
// is an error.
type Configurer interface {
	Configure(context.Context, map[string]string) error
}

// Description says what a provider is and what it may ask of a host.
type Description struct {
	Name       string
	Version    string
	Connection Connection
	Commands   []Command // sorted by name; the broker runs nothing else
	CanReboot  bool
}

// Connection says whether the core must connect to the hosts.
type Connection string

// The connections.
const (
	ConnectHost Connection = "host" // the core connects (ssh, or this machine) and serves Exec
	ConnectNone Connection = "none" // the provider reaches its fleet itself (sim)
)

// Command is one entry of the allow-list. Argv elements are literal except "{name}", "{name...}" (one or more
// arguments), whose values must match the grammar of that name: see Grammars. There is never a shell.
type Command struct {
	Name    string
	Argv    []string
	Root    bool // run with the host's privilege escalation (sudo -n) unless already root
	Mutates bool // the host may be changed: an unknown outcome is in doubt, not merely failed
}

// Exec runs one command of the allow-list on the host of the call.
type Exec interface {
	// Run returns the command's output whatever its exit code. An error means that the outcome is not known or
	// that the command was refused: errors.Is ErrRefused, ErrLost, ErrUnreachable.
	Run(ctx context.Context, command string, args map[string][]string) (Output, error)
}

// Errors of Exec.
var (
	ErrRefused     = errors.New("the command is not on the provider's allow-list")
	ErrLost        = errors.New("the connection was lost while the command ran")
	ErrUnreachable = errors.New("the host cannot be reached")
)

// ErrCrashed says that the provider itself died during a call: how far the call got is not known.
var ErrCrashed = errors.New("the provider crashed")

// Output is what a command printed: bounded, and never to be trusted.
type Output struct {
	Stdout    []byte
	Stderr    []byte
	ExitCode  int
	Truncated bool // the bound was reached: the text is not the whole truth
}

// HostRef names the host of a call. Providers need no address.
type HostRef struct {
	Tenant string
	Name   string
}

// ScanRequest asks for the state of a host. Refresh: fetch the package indexes first.
type ScanRequest struct {
	Host    HostRef
	At      time.Time
	Refresh bool
}

// HostScan is the whole state of one host.
type HostScan struct {
	OS            string // "debian 12"
	BootID        string
	Kernel        string
	RebootPending bool
	RebootWhy     []string
	Installed     []Package
	Missing       []Missing
	Held          []string // package names that the host's own package manager holds
	Notes         []string // what a person should know: native updater on, clock skew, …
}

// HealthRequest asks how well a host is.
type HealthRequest struct {
	Host HostRef
	At   time.Time
}

// Check is one thing that was looked at on a host. What can fail apart has a check of its own, under a name that stays:
// that a check fails after a change and did not before it is laid at the change's door.
type Check struct {
	Name   string // "dpkg", "unit nginx.service"
	State  CheckState
	Detail string // for a person, one line; empty when there is nothing to say
}

// CheckState is what a check found.
type CheckState string

// The states of a check.
const (
	CheckOK      CheckState = "ok"
	CheckFailing CheckState = "failing"
	CheckUnknown CheckState = "unknown"
)

// Package is one installed package.
type Package struct {
	Name    string
	Arch    string
	Version string
}

// Missing is one update that the host could install.
type Missing struct {
	Update Update
	From   string
	Held   bool
}

// Update describes an installable change as its source does. Empty strings and nil mean unknown.
type Update struct {
	PURL       string
	Name       string
	Version    string
	Arch       string
	Class      string // security, bugfix, enhancement, definition, driver, feature, unknown
	Severity   string // critical, high, medium, low, unknown
	Origin     string
	Released   *time.Time
	Advisories []string
	CVEs       []string
	Exploited  bool
	Supersedes []string
	Reboot     string // yes, no, unknown
}

// ChangeRequest is one exact set of updates for one host.
type ChangeRequest struct {
	ActionID string // unique per attempt; empty for Preview
	Host     HostRef
	At       time.Time
	Targets  []Target
	// Closure is what a preview saw beyond the targets: other packages that may be installed, upgraded or removed.
	Closure []Action
}

// Target is one package to bring to one exact version.
type Target struct {
	PURL string
	Name string
	Arch string
	From string
	To   string
}

// Op is one kind of package operation.
type Op string

// The operations.
const (
	Upgrade   Op = "upgrade"
	Install   Op = "install"
	Remove    Op = "remove"
	Downgrade Op = "downgrade"
)

// Action is one package operation. From is empty for Install, To for Remove.
type Action struct {
	Op   Op
	Name string
	Arch string
	From string
	To   string
}

// Preview is what the host's resolver would do.
type Preview struct {
	Actions       []Action // sorted by name
	Held          []string
	DownloadBytes int64
	Restarts      []string
	Reboot        RebootNeed
}

// RebootNeed says whether a reboot is required and why.
type RebootNeed struct {
	Required bool
	Why      string
}

// HostState says how far a change went.
type HostState string

// The host states after Apply.
const (
	Untouched HostState = "untouched"
	Partial   HostState = "partial"
	Done      HostState = "done"
	InDoubt   HostState = "in-doubt"
)

// Result is the outcome of Apply. Done is the provider's word; the core re-reads the host before it believes it.
type Result struct {
	State   HostState
	Actions []Action
	Reason  string // for a person, when State is not Done
	Log     []byte // the end of the package manager's output, bounded
	Reboot  RebootNeed
}
