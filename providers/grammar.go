package providers

import (
	"maps"
	"slices"

	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// Grammars says what the value of each placeholder may look like. The grammars follow Debian policy §5.6 for names
// and versions and are narrower where a package manager would read a value as something else: nothing starts with
// "-" (an option), and no name ends with "-", no version with "+" or "-" (apt-get reads "name-" as "remove name").
// A grammar matches the whole value and admits no white space and no control character.
var Grammars = map[string]*lazyregexp.Regexp{
	"package": whole(namePattern + archPattern),                        // openssl, libc6:i386
	"pkgver":  whole(namePattern + archPattern + "=" + versionPattern), // openssl=3.0.17-1, libc6:i386=2.36-9
	"version": whole(versionPattern),                                   // 1:2.3-4~deb12u1
	"arch":    whole("[a-z][a-z0-9-]{0,31}"),                           // amd64
}

const (
	namePattern    = "[a-z0-9][a-z0-9+.-]{0,126}[a-z0-9+.]"
	archPattern    = "(?::[a-z][a-z0-9-]{0,31})?"
	versionPattern = "(?:[0-9]{1,9}:[0-9](?:[A-Za-z0-9.+:~-]{0,254}[A-Za-z0-9.~])?" +
		"|[0-9](?:[A-Za-z0-9.+~-]{0,254}[A-Za-z0-9.~])?)"
)

// placeholder finds the argv elements that stand for values; anything else is literal, ${Version} included.
var placeholder = lazyregexp.New(`^\{([a-z]+)(\.\.\.)?\}$`)

func whole(pattern string) *lazyregexp.Regexp { return lazyregexp.New(`\A(?:` + pattern + `)\z`) }

func grammarNames() []string { return slices.Sorted(maps.Keys(Grammars)) }
