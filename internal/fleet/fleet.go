// Package fleet opens sessions with hosts: it starts each provider once as a plugin process, connects to hosts that
// need it, and puts the broker between the two. It is the outside that package runner does not know.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/transport"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/providers/plugin"
	"github.com/ringfence/ringfence/runner"
)

// Config says where everything comes from.
type Config struct {
	Tenant     string
	Settings   policy.Settings
	Lock       Lock
	Executable string // this binary: built-in providers are its "provider serve NAME"
	Root       string // the policy repository's folder, against which "./" paths in settings are resolved
	Dialer     transport.Dialer
	Log        io.Writer // what plugins say on stderr, neutralised
}

// Fleet keeps one process per provider for as long as the command runs. It may be used concurrently.
type Fleet struct {
	cfg     Config
	mu      sync.Mutex
	running map[string]func() (*started, error)
	owners  owners
}

type started struct {
	name   string
	plugin providers.Provider // the process
	close  func() error
	desc   providers.Description
	crash  crash
}

var (
	_ runner.Opener = (*Fleet)(nil)
	_ runner.Asker  = (*Fleet)(nil)
)

// New makes a fleet; nothing is started yet.
func New(cfg Config) *Fleet {
	return &Fleet{cfg: cfg, running: map[string]func() (*started, error){}}
}

// limits of one command on a host: dpkg's list of a large host is a few MiB.
var limits = transport.Options{MaxOutput: 16 << 20, Timeout: time.Hour}

// Open implements runner.Opener. A host whose key is not the known one is quarantined: nothing was sent to it.
func (f *Fleet) Open(ctx context.Context, h policy.Host, claim runner.Claim) (runner.Session, error) {
	if len(h.Providers) > 1 {
		return f.openSeveral(ctx, h, claim)
	}
	p, err := f.provider(ctx, h.Providers[0])
	if err != nil {
		return runner.Session{}, err
	}
	if p.desc.Connection == providers.ConnectNone {
		// Nothing between the provider and its fleet tells what was started, so a call that was sent and broke leaves
		// doubt.
		g, way := p.session()
		return runner.Session{Provider: way, Exec: transport.None{}, Started: g.changes.Load, Denied: func() error { return nil }, Close: noClose}, nil
	}
	conn, err := f.dial(ctx, h)
	if err != nil {
		return runner.Session{}, err
	}
	b := f.broker(conn, p.desc, h, claim)
	_, way := p.session()
	return runner.Session{Provider: way, Exec: b, Started: func() bool { return mutated(b) }, Denied: func() error { return denied(b.Denied()) }, Close: conn.Close}, nil
}

func (f *Fleet) broker(conn transport.Conn, desc providers.Description, h policy.Host, claim runner.Claim) *transport.Broker {
	if claim.ID == "" {
		return transport.NewBroker(conn, desc, limits)
	}
	return transport.NewSupervisedBroker(conn, desc, limits, transport.Action{ID: claim.ID, Scope: f.scope(h), Fence: claim.Fence, By: claim.By, Now: claim.Now})
}

func (f *Fleet) dial(ctx context.Context, h policy.Host) (transport.Conn, error) {
	conn, err := f.cfg.Dialer.Dial(ctx, transport.Target{Tenant: f.cfg.Tenant, Name: h.Name, Address: h.Address, User: h.User, Credential: h.Credential})
	if err != nil {
		return nil, dialError(h, err)
	}
	return conn, nil
}

// scope is within what fencing numbers rise.
func (f *Fleet) scope(h policy.Host) string { return f.cfg.Tenant + "/" + h.Site() }

func noClose() error { return nil }

func mutated(b *transport.Broker) bool {
	for _, r := range b.Journal() {
		if r.Mutates {
			return true
		}
	}
	return false
}

// provider starts a provider, once; every later call gets the same process or the same error. One that crashed is not
// started again.
func (f *Fleet) provider(ctx context.Context, name string) (*started, error) {
	f.mu.Lock()
	start, ok := f.running[name]
	if !ok {
		start = sync.OnceValues(func() (*started, error) { return f.start(ctx, name) })
		f.running[name] = start
	}
	f.mu.Unlock()
	p, err := start()
	if err != nil {
		return nil, err
	}
	return p, p.gone()
}

func (f *Fleet) start(ctx context.Context, name string) (*started, error) {
	spec, err := f.spec(name)
	if err != nil {
		return nil, f.providerError(err)
	}
	client, err := plugin.Start(ctx, spec)
	if err != nil {
		return nil, f.providerError(startError(name, err))
	}
	desc, err := client.Describe(ctx)
	if err != nil {
		client.Close()
		return nil, f.providerError(startError(name, err))
	}
	return &started{name: name, plugin: client, close: client.Close, desc: desc}, nil
}

// gone is the crash of a provider as what it is: a failure of the provider, not of any host.
func (s *started) gone() error {
	if err := s.crash.why(); err != nil {
		return failure{diag.New(diag.ProviderCrashed, "it was not asked, because it had crashed: %v", err).
			WithFix("scan again; if it stays, report it to the author of provider %s", s.name)}
	}
	return nil
}

// session is one host's way to the provider. It hides Reboot from the core where the description does not offer it.
func (s *started) session() (*guarded, providers.Provider) {
	g := &guarded{Provider: s.plugin, gone: s.gone, crash: &s.crash}
	if s.desc.CanReboot {
		return g, rebooting{g}
	}
	return g, g
}

// Close ends every provider's process.
func (f *Fleet) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, start := range f.running {
		if p, err := start(); err == nil {
			_ = p.close() // it is over either way
		}
	}
}

// spec is how a provider is started: built-in ones are this binary, third-party ones must be pinned.
func (f *Fleet) spec(name string) (plugin.Spec, error) {
	set, _ := f.cfg.Settings.Provider(name)
	spec := plugin.Spec{Name: name, Config: f.config(set.Config), Log: f.cfg.Log}
	if set.Path == "" {
		if builtin[name] == nil {
			return spec, diag.New(diag.ProviderMissing, "there is no provider %q", name).
				WithFix("built in are %s; a third-party one needs providers: %s: path in ringfence.cue", strings.Join(Names(), ", "), name)
		}
		spec.Path, spec.Args = f.cfg.Executable, []string{"provider", "serve", name}
		return spec, nil
	}
	spec.Path = set.Path
	if !filepath.IsAbs(set.Path) {
		spec.Path = filepath.Join(f.cfg.Root, set.Path)
	}
	sum, err := f.cfg.Lock.checksum(name, Platform(), spec.Path)
	spec.SHA256 = sum
	return spec, err
}

// config resolves values that begin with "./" against the repository, because a provider starts in an empty folder.
func (f *Fleet) config(in map[string]string) map[string]string {
	out := make(map[string]string, len(in))
	for k, v := range in {
		out[k] = f.resolve(v)
	}
	return out
}

func (f *Fleet) resolve(v string) string {
	if strings.HasPrefix(v, "./") {
		return filepath.Join(f.cfg.Root, v)
	}
	return v
}

// Platform names this machine as the lock file does.
func Platform() string { return runtime.GOOS + "_" + runtime.GOARCH }

// failure is an error of the provider, not of a host: it ends the command with its own exit code. Its text is the
// diagnostic's, because a snapshot and a report name it beside each host.
type failure struct{ diag.Diagnostic }

func (f failure) Error() string   { return f.Summary }
func (f failure) Unwrap() []error { return []error{runner.ErrProvider, f.Diagnostic} }

// providerError marks an error as the provider's.
func (f *Fleet) providerError(err error) error {
	var d diag.Diagnostic
	if !errors.As(err, &d) {
		return fmt.Errorf("%w: %w", runner.ErrProvider, err)
	}
	if f.cfg.Root != "" {
		d.Summary = strings.ReplaceAll(d.Summary, f.cfg.Root+string(filepath.Separator), "./")
	}
	return failure{d}
}

// startError gives each way in which a provider does not start its code and its way out.
func startError(name string, err error) error {
	code, fix := diag.ProviderCrashed, "scan again; if it stays, report it to the provider's author"
	switch {
	case errors.Is(err, plugin.ErrMissing):
		code, fix = diag.ProviderMissing, fmt.Sprintf("correct providers: %s: path in ringfence.cue", name)
	case errors.Is(err, plugin.ErrUntrusted):
		code, fix = diag.ProviderUntrusted, fmt.Sprintf("find out who changed it; if the change is right: ringfence provider lock %s, then commit %s", name, LockFile)
	case errors.Is(err, plugin.ErrNotAPlugin), errors.Is(err, plugin.ErrBadAnswer):
		code, fix = diag.ProviderNotPlugin, fmt.Sprintf("see that providers: %s: path in ringfence.cue names a provider of that name", name)
	}
	return diag.New(code, "%v", err).WithFix("%s", fix)
}
