package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/ringfence/ringfence/providers"
	providerv1 "github.com/ringfence/ringfence/providers/proto/v1"
)

// TestMain makes the test binary its own provider: "provider <mode>" serves the toy or misbehaves, "core" is a core
// that starts one and waits to be killed.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "provider" {
		misbehave(os.Args[2])
		Serve(&toy{mode: os.Args[2]})
	}
	if len(os.Args) == 3 && os.Args[1] == "core" {
		actAsCore(os.Args[2])
	}
	os.Exit(m.Run())
}

// misbehave is what happens before the handshake.
func misbehave(mode string) {
	switch mode {
	case "exit":
		fmt.Fprint(os.Stderr, strings.Repeat("starting\n", 10))
		fmt.Fprintln(os.Stderr, "cannot open\x1b[31m the database")
		os.Exit(1)
	case "garbage":
		fmt.Println("Hello! \x1b]0;owned\x07 I am no plugin.")
		time.Sleep(time.Hour)
	case "address":
		fmt.Println("1|1|unix|/var/run/docker.sock|grpc|")
		time.Sleep(time.Hour)
	case "silent":
		time.Sleep(time.Hour)
	case "old": // it was built before there was Health
		d := &providerv1.Provider_ServiceDesc
		d.Streams = slices.DeleteFunc(d.Streams, func(s grpc.StreamDesc) bool { return s.StreamName == "Health" })
	}
}

func actAsCore(mode string) {
	c, err := Start(context.Background(), Spec{Name: "toy", Path: os.Args[0], Args: []string{"provider", mode}})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(c.process.ID())
	time.Sleep(time.Hour)
}

// toy is a provider whose behaviour is chosen by the name of the host.
type toy struct {
	mode   string
	config map[string]string
}

var (
	_ providers.Rebooter   = (*toy)(nil)
	_ providers.Configurer = (*toy)(nil)
	_ providers.Examiner   = (*toy)(nil)
)

func (p *toy) Configure(_ context.Context, config map[string]string) error {
	if config["fail"] != "" {
		return fmt.Errorf("unknown setting %q", config["fail"])
	}
	if p.mode == "die-in-configure" {
		os.Exit(7)
	}
	p.config = config
	return nil
}

func (p *toy) Describe(ctx context.Context) (providers.Description, error) {
	d := providers.Description{
		Name: "toy", Version: "1.0", Connection: providers.ConnectHost, CanReboot: true,
		Commands: []providers.Command{
			{Name: "install", Argv: []string{"toy", "install", "{pkgver...}"}, Root: true, Mutates: true},
			{Name: "list", Argv: []string{"toy", "list"}},
		},
	}
	switch p.mode {
	case "shell":
		d.Commands[0].Argv = []string{"sh", "-c", "{pkgver...}"}
	case "renamed":
		d.Name = "apt"
	case "hang-in-describe":
		<-ctx.Done()
		time.Sleep(time.Hour)
	}
	return d, nil
}

func (p *toy) Scan(ctx context.Context, r providers.ScanRequest, exec providers.Exec) (providers.HostScan, error) {
	scan := providers.HostScan{OS: "toy 1", BootID: r.Host.Name}
	switch r.Host.Name {
	case "panic":
		panic("no such \x1b[31mhost")
	case "crash":
		time.AfterFunc(50*time.Millisecond, func() { panic("out of luck") })
		<-ctx.Done()
		time.Sleep(time.Hour)
	case "leave":
		os.Exit(0)
	case "last words":
		fmt.Fprintln(os.NewFile(2, "stderr"), strings.Repeat("one moment\n", 10)+"that is all") // os.Stderr goes over the connection
		os.Exit(1)
	case "hang":
		<-ctx.Done()
		return scan, ctx.Err()
	case "deaf":
		time.Sleep(time.Hour)
	case "huge":
		scan.Notes = []string{strings.Repeat("x", 10<<20)}
	case "endless":
		for range 200 {
			scan.Notes = append(scan.Notes, strings.Repeat("x", 500<<10))
		}
	case "many":
		scan.Held = make([]string, maxElements+1)
	case "large":
		for i := range 100_000 {
			scan.Installed = append(scan.Installed, providers.Package{Name: fmt.Sprintf("package-%06d", i), Arch: "amd64", Version: "1.0-1"})
		}
	case "nonsense":
		scan.Missing = []providers.Missing{{Update: providers.Update{PURL: "pkg:x", Name: "x", Version: "1", Severity: "apocalyptic"}}}
	case "binary":
		scan.Notes = []string{"\xff\xfe"}
	case "flood":
		for range 20_000 {
			fmt.Fprintln(os.Stderr, "\x1b[2Jlook at me "+strings.Repeat("!", 600))
		}
	case "environment":
		scan.Notes = os.Environ()
		dir, _ := os.Getwd()
		scan.Kernel = dir
	case "child", "orphan":
		scan.Notes = []string{startChild(r.Host.Name == "orphan")}
	case "settings":
		scan.Notes = []string{p.config["greeting"]}
	default:
		return p.list(ctx, scan, exec)
	}
	return scan, nil
}

// list reports what Exec answered, and whether its errors are recognised on this side.
func (p *toy) list(ctx context.Context, scan providers.HostScan, exec providers.Exec) (providers.HostScan, error) {
	command, args := "list", map[string][]string(nil)
	switch scan.BootID {
	case "unlisted":
		command = "format-disks"
	case "option":
		command, args = "install", map[string][]string{"pkgver": {"--allow-downgrades"}}
	case "not-text":
		command, args = "install", map[string][]string{"pkgver": {"a\xff=1"}}
	case "background":
		go func() { _, _ = exec.Run(context.Background(), "list", nil) }()
		_, err := exec.Run(ctx, "install", map[string][]string{"pkgver": {"curl=1"}}) // answered when the other runs
		return scan, err
	}
	out, err := exec.Run(ctx, command, args)
	for _, known := range []error{providers.ErrRefused, providers.ErrLost, providers.ErrUnreachable} {
		if errors.Is(err, known) {
			return scan, fmt.Errorf("recognised: %w", err)
		}
	}
	scan.Notes = []string{string(out.Stdout), string(out.Stderr), fmt.Sprint(out.ExitCode, out.Truncated)}
	return scan, err
}

func startChild(ownSession bool) string {
	cmd := exec.Command("/bin/sleep", "1000")
	cmd.Stderr = os.NewFile(2, "stderr") // keeps the core's pipe open
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: ownSession}
	if err := cmd.Start(); err != nil {
		return err.Error()
	}
	return fmt.Sprint(cmd.Process.Pid)
}

func (p *toy) Health(_ context.Context, r providers.HealthRequest, _ providers.Exec) ([]providers.Check, error) {
	switch r.Host.Name {
	case "nonsense":
		return []providers.Check{{Name: "mood", State: "splendid"}}, nil
	case "panic":
		panic("no pulse")
	}
	return []providers.Check{{Name: "unit a", State: providers.CheckFailing, Detail: r.At.UTC().Format(time.DateOnly)}, {Name: "disk", State: providers.CheckOK}}, nil
}

func (p *toy) Preview(_ context.Context, r providers.ChangeRequest, _ providers.Exec) (providers.Preview, error) {
	var out providers.Preview
	for _, t := range r.Targets {
		out.Actions = append(out.Actions, providers.Action{Op: providers.Upgrade, Name: t.Name, Arch: t.Arch, From: t.From, To: t.To})
	}
	return out, nil
}

func (p *toy) Apply(ctx context.Context, r providers.ChangeRequest, exec providers.Exec) (providers.Result, error) {
	if r.Host.Name == "nonsense" {
		return providers.Result{State: "splendid"}, nil
	}
	var versions []string
	for _, t := range r.Targets {
		versions = append(versions, t.Name+"="+t.To)
	}
	out, err := exec.Run(ctx, "install", map[string][]string{"pkgver": versions})
	return providers.Result{State: providers.Done, Log: out.Stdout}, err
}

func (p *toy) Reboot(ctx context.Context, _ providers.HostRef, exec providers.Exec) error {
	_, err := exec.Run(ctx, "list", nil)
	return err
}
