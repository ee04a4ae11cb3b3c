package transport

import (
	"cmp"
	"fmt"
	"net"
	"path/filepath"
	"strings"
)

// maxHops bounds a chain of jump hosts, which a circle in ssh_config would make endless.
const maxHops = 8

// hop is one SSH connection on the way to a host: the jump hosts, then the host itself.
type hop struct {
	key            string // host:port under which known_hosts has it
	dial           string // host:port to connect to
	user           string
	identities     []string // paths, as ssh_config names them
	identitiesOnly bool
	agent          string // socket; empty for none
	credential     string // the name of the one key to offer; empty: see collect
}

// route resolves a target with the runner's ssh_config into the connections to make, in order.
func (s *SSH) route(t Target) ([]hop, error) {
	host, port, err := splitAddress(t.Address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Name, err)
	}
	hops, err := s.chain(host, port, t.User, maxHops)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Name, err)
	}
	hops[len(hops)-1].credential = t.Credential
	return hops, nil
}

func (s *SSH) chain(host, port, user string, left int) ([]hop, error) {
	if left == 0 {
		return nil, s.tooManyJumps()
	}
	h, err := s.resolve(host, port, user)
	if err != nil {
		return nil, err
	}
	jumps, err := s.jumps(host, left-1)
	if err != nil {
		return nil, err
	}
	if len(jumps) >= maxHops {
		return nil, s.tooManyJumps()
	}
	return append(jumps, h), nil
}

func (s *SSH) tooManyJumps() error {
	return fmt.Errorf("%w: %s: %d jump hosts or more, or a circle of them", ErrConfig, s.config.path, maxHops)
}

// jumps returns the chain that ProxyJump names for host. Only the first jump's own ProxyJump counts, as in OpenSSH.
func (s *SSH) jumps(host string, left int) ([]hop, error) {
	value := s.config.get(host, "ProxyJump")
	if value == "" {
		return nil, nil
	}
	var hops []hop
	for i, spec := range strings.Split(value, ",") {
		user, address := "", strings.TrimPrefix(strings.TrimSpace(spec), "ssh://")
		if at := strings.LastIndex(address, "@"); at >= 0 {
			user, address = address[:at], address[at+1:]
		}
		name, port, err := splitAddress(address)
		if err != nil {
			return nil, fmt.Errorf("ProxyJump for %s: %w", host, err)
		}
		via, err := s.jump(name, port, user, i == 0, left)
		if err != nil {
			return nil, err
		}
		hops = append(hops, via...)
	}
	return hops, nil
}

func (s *SSH) jump(host, port, user string, first bool, left int) ([]hop, error) {
	if first {
		return s.chain(host, port, user, left)
	}
	h, err := s.resolve(host, port, user)
	return []hop{h}, err
}

func (s *SSH) resolve(host, port, user string) (hop, error) {
	if err := s.config.refuseExecutes(host); err != nil {
		return hop{}, err
	}
	dialHost, dialPort := host, cmp.Or(port, s.config.get(host, "Port"), defaultPort)
	if v := s.config.get(host, "HostName"); v != "" {
		dialHost = strings.NewReplacer("%%", "%", "%h", host).Replace(v)
	}
	if !isHost(dialHost) {
		return hop{}, fmt.Errorf("%w: %s: HostName %.80q for %s", ErrConfig, s.config.path, dialHost, host)
	}
	if err := checkPort(dialPort); err != nil {
		return hop{}, fmt.Errorf("%w: %s: %s: %w", ErrConfig, s.config.path, host, err)
	}
	h := hop{
		key: keyAddress(host, port), dial: net.JoinHostPort(dialHost, dialPort),
		user:           cmp.Or(user, s.config.get(host, "User"), s.cfg.User),
		identitiesOnly: strings.EqualFold(s.config.get(host, "IdentitiesOnly"), "yes"),
		agent:          s.agentSocket(host),
	}
	for _, path := range s.config.all(host, "IdentityFile") {
		h.identities = append(h.identities, s.expandPath(path, host, dialHost, h.user))
	}
	return h, nil
}

func (s *SSH) agentSocket(host string) string {
	values := s.config.all(host, "IdentityAgent")
	if len(values) == 0 || values[0] == "SSH_AUTH_SOCK" {
		return s.cfg.Getenv("SSH_AUTH_SOCK")
	}
	switch v := values[0]; {
	case strings.EqualFold(v, "none"):
		return ""
	case strings.HasPrefix(v, "$"):
		return s.cfg.Getenv(strings.Trim(v[1:], "{}"))
	default:
		return s.expandPath(v, host, host, s.cfg.User)
	}
}

// expandPath knows the tokens that ssh_config(5) allows in IdentityFile and that make sense here.
func (s *SSH) expandPath(path, alias, host, remoteUser string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		path = filepath.Join(s.cfg.Home, rest)
	}
	return strings.NewReplacer("%%", "%", "%d", s.cfg.Home, "%h", host, "%n", alias, "%r", remoteUser, "%u", s.cfg.User).Replace(path)
}
