package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/ringfence/ringfence/providers"
)

// flatfile is a provider whose hosts and mirror are folders below the setting "fleet":
//
//	hosts/<tenant>/<host>/os, boot_id      one line each
//	hosts/<tenant>/<host>/packages/<name>  the installed version
//	mirror/<name>                          the newest version and its class: "2.1 security"
//
// A host without a folder cannot be reached. Every path goes through an os.Root, so no name leads out of the fleet.
type flatfile struct{ root *os.Root }

var (
	_ providers.Provider   = (*flatfile)(nil)
	_ providers.Configurer = (*flatfile)(nil)
)

// Configure takes the one setting; a key that is not known is an error, as the contract wants.
func (p *flatfile) Configure(_ context.Context, config map[string]string) error {
	dir := config["fleet"]
	if dir == "" || len(config) != 1 {
		return errors.New(`flatfile takes one setting: "fleet", the folder that holds hosts and mirror`)
	}
	root, err := os.OpenRoot(dir)
	p.root = root
	return err
}

// Describe declares no commands: this provider needs no connection, so the core opens none.
func (p *flatfile) Describe(context.Context) (providers.Description, error) {
	return providers.Description{Name: "flatfile", Version: "1.0.0", Connection: providers.ConnectNone}, nil
}

// Scan reads the whole host. What it cannot read is an error, never a shorter list.
func (p *flatfile) Scan(ctx context.Context, r providers.ScanRequest, _ providers.Exec) (providers.HostScan, error) {
	h, err := p.host(ctx, r.Host)
	if err != nil {
		return providers.HostScan{}, err
	}
	scan := providers.HostScan{OS: h.os, BootID: h.boot}
	for _, name := range h.names {
		scan.Installed = append(scan.Installed, providers.Package{Name: name, Version: h.packages[name]})
		newest, class, err := p.newest(name)
		if err != nil {
			return providers.HostScan{}, err
		}
		if newest == "" || newest == h.packages[name] {
			continue
		}
		scan.Missing = append(scan.Missing, providers.Missing{From: h.packages[name], Update: providers.Update{
			PURL: "pkg:generic/" + name + "@" + newest, Name: name, Version: newest, Class: class, Severity: "unknown", Reboot: "no",
		}})
	}
	return scan, nil
}

// Preview says what Apply would do.
func (p *flatfile) Preview(ctx context.Context, r providers.ChangeRequest, _ providers.Exec) (providers.Preview, error) {
	actions, _, err := p.resolve(ctx, r)
	return providers.Preview{Actions: actions}, err
}

// Apply writes the new versions. Whatever is not as the plan knew it stops it before the first file is touched.
func (p *flatfile) Apply(ctx context.Context, r providers.ChangeRequest, _ providers.Exec) (providers.Result, error) {
	actions, refused, err := p.resolve(ctx, r)
	if err != nil {
		return providers.Result{}, err
	}
	if refused != "" {
		return providers.Result{State: providers.Untouched, Reason: refused}, nil
	}
	for i, a := range actions {
		if err := p.put(r.Host, a.Name, a.To); err != nil {
			return providers.Result{State: providers.Partial, Actions: actions[:i], Reason: err.Error()}, nil
		}
	}
	return providers.Result{State: providers.Done, Actions: actions}, nil
}

// resolve returns what there is to do, or why the host must be left untouched. What is done already is left out.
func (p *flatfile) resolve(ctx context.Context, r providers.ChangeRequest) (todo []providers.Action, refused string, err error) {
	h, err := p.host(ctx, r.Host)
	if err != nil {
		return nil, "", err
	}
	for _, t := range r.Targets {
		newest, _, err := p.newest(t.Name)
		has := h.packages[t.Name]
		switch {
		case err != nil:
			return nil, "", err
		case has == t.To && has != "":
		case newest != t.To:
			return nil, fmt.Sprintf("the mirror does not offer %s %s", t.Name, t.To), nil
		case has != t.From:
			return nil, fmt.Sprintf("the host changed since the plan: %s is at %q, the plan says %q", t.Name, has, t.From), nil
		default:
			todo = append(todo, providers.Action{Op: providers.Upgrade, Name: t.Name, From: has, To: t.To})
		}
	}
	return todo, "", nil
}

// host is one folder, read.
type host struct {
	os, boot string
	names    []string // sorted
	packages map[string]string
}

func (p *flatfile) host(ctx context.Context, ref providers.HostRef) (host, error) {
	h := host{packages: map[string]string{}}
	if err := ctx.Err(); err != nil {
		return h, err
	}
	entries, err := fs.ReadDir(p.root.FS(), path.Join(hostDir(ref), "packages"))
	if errors.Is(err, fs.ErrNotExist) {
		return h, fmt.Errorf("%w: there is no folder %s", providers.ErrUnreachable, hostDir(ref))
	}
	if err != nil {
		return h, err
	}
	for _, e := range entries {
		if h.packages[e.Name()], err = p.line(packageFile(ref, e.Name())); err != nil {
			return h, err
		}
		h.names = append(h.names, e.Name())
	}
	if h.os, err = p.line(path.Join(hostDir(ref), "os")); err != nil {
		return h, err
	}
	h.boot, err = p.line(path.Join(hostDir(ref), "boot_id"))
	return h, err
}

func hostDir(ref providers.HostRef) string { return path.Join("hosts", ref.Tenant, ref.Name) }

func packageFile(ref providers.HostRef, name string) string {
	return path.Join(hostDir(ref), "packages", name)
}

// newest is what the mirror offers of a package: nothing, or a version and its class.
func (p *flatfile) newest(name string) (version, class string, err error) {
	line, err := p.line(path.Join("mirror", name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", nil
	}
	version, class, _ = strings.Cut(line, " ")
	return version, class, err
}

func (p *flatfile) line(name string) (string, error) {
	raw, err := p.root.ReadFile(name)
	return strings.TrimSpace(string(raw)), err
}

// put replaces a package's file whole: a provider that is killed leaves the old version or the new one.
func (p *flatfile) put(ref providers.HostRef, name, version string) error {
	beside := path.Join(hostDir(ref), "new")
	if err := p.root.WriteFile(beside, []byte(version+"\n"), 0o644); err != nil {
		return err
	}
	return p.root.Rename(beside, packageFile(ref, name))
}
