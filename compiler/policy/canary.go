package policy

import (
	"crypto/sha256"
	"encoding/binary"
)

// Canaries is how many hosts of a ring go first in a lane: of all its hosts, at whatever site. 0: none do.
func (t *Tenant) Canaries(ring string, l *Lane) int {
	if l == nil || l.Canary == (Amount{}) {
		return 0
	}
	n := 0
	for _, h := range t.Hosts {
		if r, ok := t.RingOf(h); ok && r.Name == ring {
			n++
		}
	}
	return l.Canary.Of(n)
}

// CanaryPlace orders the hosts of a tenant: those with the smallest place are canaries first. It is the first eight bytes
// of SHA-256 over the tenant's name, slash and the host's, as a big-endian number, so that the same hosts go first for
// every update, and one that is added moves no other.
func (t *Tenant) CanaryPlace(host string) uint64 {
	sum := sha256.Sum256([]byte(t.Name + "/" + host))
	return binary.BigEndian.Uint64(sum[:8])
}
