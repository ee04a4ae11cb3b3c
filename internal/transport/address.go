package transport

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// defaultPort is that of SSH.
const defaultPort = "22"

// splitAddress splits "host", "host:port", "[v6]:port" or a bare IPv6 address; port is empty if there is none. The
// host becomes part of a known_hosts line, so it may hold nothing that means something there.
func splitAddress(address string) (host, port string, err error) {
	host = address
	if strings.HasPrefix(address, "[") || strings.Count(address, ":") == 1 {
		if host, port, err = net.SplitHostPort(address); err != nil {
			return "", "", fmt.Errorf("%w: address %.80q: want host or host:port", ErrConfig, address)
		}
		if err := checkPort(port); err != nil {
			return "", "", fmt.Errorf("%w: address %.80q: %w", ErrConfig, address, err)
		}
	}
	if !isHost(host) {
		return "", "", fmt.Errorf("%w: address %.80q: not a host name or IP address", ErrConfig, address)
	}
	return host, port, nil
}

func checkPort(port string) error {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return fmt.Errorf("port %.20q: want 1 to 65535", port)
	}
	return nil
}

// isHost accepts DNS names, also those with an underscore, and IP addresses.
func isHost(s string) bool {
	const punctuation = ".-_"
	if strings.Contains(s, ":") {
		_, err := netip.ParseAddr(s)
		return err == nil
	}
	return s != "" && len(s) <= 253 && s[0] != '-' && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(punctuation, r))
	})
}

// keyAddress is the host:port under which a host's key is known: as the inventory writes it, never as somebody's
// ssh_config redirects it, since the inventory is what was reviewed together with the key.
func keyAddress(host, port string) string {
	if port == "" {
		port = defaultPort
	}
	return net.JoinHostPort(host, port)
}
