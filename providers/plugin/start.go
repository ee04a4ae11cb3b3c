package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
	providerv1 "github.com/ringfence/ringfence/providers/proto/v1"
)

// Spec says which program to start and how.
type Spec struct {
	Name string   // the provider's name; it must describe itself by it
	Path string   // the program; a built-in provider is this very binary
	Args []string // without the program's name
	// SHA256 is the pinned digest in hex. When set, a private copy is measured and executed. Empty means no check, for
	// built-in providers only.
	SHA256 string
	Config map[string]string // given to providers.Configurer; paths in it must be absolute
	Log    io.Writer         // gets what the process prints: bounded, neutralised, prefixed lines; nil: nowhere
	Dir    string            // parent of the private folder: short, and not mounted noexec; empty: the system's
	// StartTimeout bounds the start until the description is known (0: 15 s), StopTimeout how long Close waits for
	// running calls and again for the process to end (0: 3 s).
	StartTimeout time.Duration
	StopTimeout  time.Duration
}

// Start starts the provider, configures it and asks for its description, which must be valid. The process does not
// depend on ctx afterwards; Close ends it. Errors: ErrMissing, ErrUntrusted, ErrNotAPlugin, ErrCrashed, ErrBadAnswer,
// the context's error, or what the provider said about its settings. After an error no process is left.
func Start(ctx context.Context, spec Spec) (*Client, error) {
	if spec.StartTimeout == 0 {
		spec.StartTimeout = defaultStart
	}
	if spec.StopTimeout == 0 {
		spec.StopTimeout = defaultStop
	}
	program, err := findProgram(spec.Path)
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", spec.Name, err)
	}
	dir, err := privateFolder(spec.Dir)
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", spec.Name, err)
	}
	if spec.SHA256 != "" {
		program, err = pinnedCopy(program, spec.SHA256, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", spec.Name, errors.Join(err, os.RemoveAll(dir)))
	}
	c := newClient(spec, program, dir)
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("provider %s: %w", spec.Name, err), c.Close())
	}
	return c, nil
}

func newClient(spec Spec, program, dir string) *Client {
	cmd := exec.Command(program, spec.Args...)
	cmd.Dir = dir
	cmd.Env = []string{} // not nil, which would mean ours
	talk := newTalk(spec.Name, spec.Log)
	c := &Client{spec: spec, dir: dir, talk: talk, broker: newBroker(), process: newProcess(cmd, dir)}
	c.plugin = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  handshake,
		Plugins:          goplugin.PluginSet{pluginName: &link{}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		StartTimeout:     spec.StartTimeout + time.Minute, // start has a clock of its own, which shall end first
		Stderr:           talk.stream(),
		SyncStdout:       talk.stream(),
		SyncStderr:       talk.stream(),
		Logger:           hclog.NewNullLogger(),
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: dir},
		GRPCDialOptions:  []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage))},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			c.process.cmd.Env = cmd.Env // go-plugin fills in a command of its own
			return c.process, nil
		},
	})
	return c
}

// start is bounded by ctx and the start timeout: when either ends, the process is killed, and whatever waits for it
// fails.
func (c *Client) start(parent context.Context) error {
	ctx, cancel := context.WithTimeout(parent, c.spec.StartTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = c.process.Kill(ctx) })()
	conn, err := c.connect()
	if err != nil {
		return c.noHandshake(parent, ctx, err)
	}
	c.rpc = conn.rpc
	id := conn.broker.NextId()
	go conn.broker.AcceptAndServe(id, c.broker.serve)
	if _, err := c.rpc.Configure(ctx, &providerv1.ConfigureRequest{Config: c.spec.Config, Broker: id}); err != nil {
		return fmt.Errorf("configure: %w", c.explain(ctx, err))
	}
	if c.desc, err = c.fetchDescription(ctx); err != nil {
		return fmt.Errorf("describe: %w", err)
	}
	c.broker.allow(c.desc)
	return nil
}

func (c *Client) connect() (connection, error) {
	protocol, err := c.plugin.Client()
	if err != nil {
		return connection{}, err
	}
	raw, err := protocol.Dispense(pluginName)
	if err != nil {
		return connection{}, err
	}
	return raw.(connection), nil
}

func (c *Client) noHandshake(parent, ctx context.Context, err error) error {
	if parent.Err() != nil {
		return fmt.Errorf("start: %w", parent.Err())
	}
	why := untrusted.Line(err.Error(), maxLine)
	if ctx.Err() != nil {
		why = fmt.Sprintf("no answer within %s", c.spec.StartTimeout)
	}
	if c.process.ID() != "" {
		c.process.exitedWithin(soon)
	}
	if said := c.talk.why(); said != "" {
		why += "; it printed: " + said
	}
	return fmt.Errorf("%w: %s: %s", ErrNotAPlugin, c.spec.Path, why)
}

func (c *Client) fetchDescription(ctx context.Context) (providers.Description, error) {
	stream, err := c.rpc.Describe(ctx, &providerv1.DescribeRequest{})
	var w *providerv1.Description
	if err == nil {
		w, err = collect(stream)
	}
	if err != nil {
		return providers.Description{}, c.explain(ctx, err)
	}
	d := descriptionFromWire(w)
	if err := d.Validate(); err != nil {
		return d, fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	if d.Name != c.spec.Name {
		return d, fmt.Errorf("%w: it calls itself %q", ErrBadAnswer, d.Name)
	}
	return d, nil
}
