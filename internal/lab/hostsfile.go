//go:build linux

package lab

import "encoding/json"

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
