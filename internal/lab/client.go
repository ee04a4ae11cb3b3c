//go:build linux

package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// writeClientFiles puts everything a client needs beside each other in the run folder.
func (l *Lab) writeClientFiles() error {
	return errors.Join(
		put(l.ClientKey(), l.client.private, 0o600),
		put(filepath.Join(l.dir, "known_hosts"), []byte(l.KnownHosts()), 0o644),
		put(filepath.Join(l.dir, "ssh_config"), []byte(l.sshConfig()), 0o644),
	)
}

// ClientKey is the path of the private key that root and patch accept on every host.
func (l *Lab) ClientKey() string { return filepath.Join(l.dir, "id_ed25519") }

// KnownHosts is the text of a known_hosts file with the hosts' current keys.
func (l *Lab) KnownHosts() string {
	var b strings.Builder
	for _, h := range l.hosts {
		fmt.Fprintf(&b, "%s %s\n", h.ip(), h.HostKey())
	}
	return b.String()
}

// SSHConfig is the path of a configuration with which "ssh -F PATH h1" logs in as patch. Host keys are checked
// against those of the time when the lab came up.
func (l *Lab) SSHConfig() string { return filepath.Join(l.dir, "ssh_config") }

func (l *Lab) sshConfig() string {
	var b strings.Builder
	for _, h := range l.hosts {
		fmt.Fprintf(&b, "Host %s\n  HostName %s\n", h.Name, h.ip())
	}
	fmt.Fprintf(&b, "Host *\n  User patch\n  IdentityFile %s\n  IdentitiesOnly yes\n  UserKnownHostsFile %s\n"+
		"  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n  BatchMode yes\n  ConnectTimeout 60\n  LogLevel ERROR\n",
		l.ClientKey(), filepath.Join(l.dir, "known_hosts"))
	return b.String()
}

// HostsFile is the fleet as a hosts file of Ringfence (JSON). Each host has the label site: lab.
func (l *Lab) HostsFile() []byte {
	type host struct {
		Name      string            `json:"name"`
		Address   string            `json:"address"`
		User      string            `json:"user"`
		Providers []string          `json:"providers"`
		Labels    map[string]string `json:"labels"`
	}
	var list struct {
		Hosts []host `json:"hosts"`
	}
	for _, h := range l.hosts {
		list.Hosts = append(list.Hosts, host{h.Name, h.Addr, "patch", []string{"apt"}, map[string]string{"site": "lab"}})
	}
	out, _ := json.MarshalIndent(list, "", "  ")
	return append(out, '\n')
}
