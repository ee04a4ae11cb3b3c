//go:build linux

package lab

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// network is a bridge with the hosts' links. Addresses are 10.77.N.1 to .250, the gateway, which is this process,
// is 10.77.N.254. Link-layer addresses are fixed and known: otherwise a rebooted host would be looked for at its old
// one, and one that is still coming up would be asked for only once a second.
type network struct {
	number int
	bridge string
}

func newNetwork() (*network, error) {
	for n := 1; n < 255; n++ {
		w := &network{n, fmt.Sprintf("lab%d", n)}
		err := ip(fmt.Sprintf("link add %s address %s type bridge", w.bridge, w.mac(254)))
		if err != nil && strings.Contains(err.Error(), "File exists") {
			continue
		}
		if err != nil {
			return nil, err
		}
		return w, ip(fmt.Sprintf("addr add %s/24 dev %s", w.gateway(), w.bridge), "link set "+w.bridge+" up")
	}
	return nil, errors.New("254 labs are up already")
}

func (w *network) gateway() string         { return w.address(254) }
func (w *network) address(host int) string { return fmt.Sprintf("10.77.%d.%d", w.number, host) }
func (w *network) mac(host int) string     { return fmt.Sprintf("02:77:00:00:%02x:%02x", w.number, host) }
func (w *network) link(host int) string    { return fmt.Sprintf("%sh%d", w.bridge, host) }

// attach gives the network namespace of process pid its eth0.
func (w *network) attach(host, pid int, up bool) error {
	return ip(
		fmt.Sprintf("link add %s type veth peer name eth0 address %s netns %d", w.link(host), w.mac(host), pid),
		fmt.Sprintf("link set %s master %s", w.link(host), w.bridge),
		fmt.Sprintf("neigh replace %s lladdr %s dev %s nud reachable", w.address(host), w.mac(host), w.bridge),
		w.setLink(host, up))
}

// detach removes the link now; the kernel would take its time after the namespace is gone. It also forgets the
// neighbour, so that whoever calls a host that is off hears "no route to host" after three seconds.
func (w *network) detach(host int) {
	_ = ip("link del " + w.link(host))
	_ = ip("neigh del " + w.address(host) + " dev " + w.bridge)
}

func (w *network) setLink(host int, up bool) string {
	if up {
		return "link set " + w.link(host) + " up"
	}
	return "link set " + w.link(host) + " down"
}

func (w *network) remove() error { return ip("link del " + w.bridge) }

// ip executes commands of the ip program in one go.
func ip(commands ...string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(commands, "; "), err, strings.TrimSpace(out.String()))
	}
	return nil
}
