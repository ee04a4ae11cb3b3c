package command

import (
	"cmp"
	"errors"
	"io/fs"
	"os/user"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/fleet"
	"github.com/ringfence/ringfence/internal/transport"
)

// fleet opens the way to a tenant's hosts as a commit describes them: providers, their pins and the known host keys
// come from the same tree as the policy.
func (p *pipeline) fleet() (*fleet.Fleet, error) {
	lock, err := readLock(p.ws.tree)
	if err != nil {
		return nil, err
	}
	known, err := knownHosts(p.ws.tree, p.tenant.Name)
	if err != nil {
		return nil, err
	}
	ssh, err := transport.NewSSH(p.sshConfig(p.tenant.Name, known))
	if err != nil {
		return nil, diag.New(diag.BadSettings, "%v", err).WithFix("look at the tenant's known_hosts and at ~/.ssh/config")
	}
	return fleet.New(fleet.Config{
		Tenant: p.tenant.Name, Settings: p.settings, Lock: lock, Executable: p.Executable, Root: p.ws.repo.Root(),
		Dialer: ssh, Log: p.out.pluginLog(),
	}), nil
}

func (a *app) sshConfig(tenant string, known []byte) transport.Config {
	name, home := a.person()
	return transport.Config{Tenant: tenant, KnownHosts: known, Getenv: a.Getenv, Home: home, User: name}
}

// person is who runs this program, and their home folder.
func (a *app) person() (name, home string) {
	home = a.Getenv("HOME")
	if u, err := user.Current(); err == nil {
		name, home = u.Username, cmp.Or(home, u.HomeDir)
	}
	return name, home
}

func readLock(tree fs.FS) (fleet.Lock, error) {
	raw, err := fs.ReadFile(tree, fleet.LockFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fleet.Lock{}, err
	}
	return fleet.ReadLock(raw)
}

// knownHosts are the tenant's host keys, else the repository's.
func knownHosts(tree fs.FS, tenant string) ([]byte, error) {
	for _, path := range []string{tenantFile(tenant, "known_hosts"), "trust/known_hosts"} {
		raw, err := fs.ReadFile(tree, path)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return raw, err
		}
	}
	return nil, nil
}

func tenantFile(tenant, name string) string { return "tenants/" + tenant + "/" + name }
