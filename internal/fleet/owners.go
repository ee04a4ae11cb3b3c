package fleet

import (
	"strings"
	"sync"

	"github.com/ringfence/ringfence/providers"
)

// owners remembers which provider of several lists an update. That is learnt by scanning, of each set of providers by
// itself: a purl's type does not say it, since two providers may speak of one.
type owners struct {
	mu sync.Mutex
	of map[string]string // set of providers and purl: a provider, or "" where two claim it
}

func ownerKey(set []string, purl string) string { return strings.Join(set, ",") + "\x00" + purl }

// learn keeps what a provider of a set lists.
func (o *owners) learn(set []string, name string, missing []providers.Missing) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil {
		o.of = map[string]string{}
	}
	for _, m := range missing {
		key := ownerKey(set, m.Update.PURL)
		if other, ok := o.of[key]; ok && other != name {
			o.of[key] = ""
			continue
		}
		o.of[key] = name
	}
}

// owner is the provider that lists an update; "" if none does, or two do.
func (o *owners) owner(set []string, purl string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.of[ownerKey(set, purl)]
}
