package inventory

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
)

var dnsGrammar = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?$`)

const maxAddress = 253

// ValidAddress accepts host, host:port and [v6]:port, where host is a DNS name or an IP address. It returns why not:
// what passes cannot be an option of a program, nor hold spaces, quotes or control characters.
func ValidAddress(s string) error {
	host, port := s, ""
	switch {
	case strings.HasPrefix(s, "["):
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return errors.New("the bracket is not closed")
		}
		host, port = s[1:end], s[end+1:]
		if !isV6(host) {
			return errors.New("only an IPv6 address stands in brackets")
		}
		if port != "" && port[0] != ':' {
			return errors.New("a colon and a port follow the bracket")
		}
		port = strings.TrimPrefix(port, ":")
		if port == "" && strings.HasSuffix(s, ":") {
			return errors.New("the port is missing")
		}
	case strings.Count(s, ":") == 1:
		host, port, _ = strings.Cut(s, ":")
		if port == "" {
			return errors.New("the port is missing")
		}
	case strings.Contains(s, ":"):
		if !isV6(s) {
			return errors.New("it is neither a name nor an IP address")
		}
	}
	if port != "" && !validPort(port) {
		return errors.New("the port is not a number from 1 to 65535")
	}
	if isV6(host) || len(host) <= maxAddress && dnsGrammar.MatchString(host) {
		return nil
	}
	return errors.New("it is neither a name nor an IP address")
}

func isV6(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6() && a.Zone() == ""
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s[0] != '+'
}
