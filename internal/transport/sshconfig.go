package transport

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kevinburke/ssh_config"

	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// sshConfig is the runner's own ssh_config. Of its keywords count HostName, Port, User, IdentityFile, IdentitiesOnly,
// IdentityAgent and ProxyJump. Keywords that would run a program here are refused, the rest has no meaning for us;
// host keys come from the policy repository alone.
type sshConfig struct {
	path   string
	parsed *ssh_config.Config
}

// executes lists the keywords that make ssh run a program. Ignoring one would connect somewhere else than the user
// expects, obeying it would let a text file run code with the runner's keys.
var executes = []string{"ProxyCommand", "KnownHostsCommand", "LocalCommand", "RemoteCommand"}

// readSSHConfig reads path and what it includes; a file that does not exist is an empty one. Includes with a
// relative path are those of the user whom this process runs as, as in OpenSSH.
func readSSHConfig(path string) (*sshConfig, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return parseSSHConfig(path, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return parseSSHConfig(path, text)
}

func parseSSHConfig(path string, text []byte) (*sshConfig, error) {
	if err := checkMatches(path, text, 0); err != nil {
		return nil, err
	}
	parsed, err := ssh_config.DecodeBytes(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %s", ErrConfig, path, strings.TrimPrefix(err.Error(), "ssh_config: "))
	}
	return &sshConfig{path, parsed}, nil
}

var (
	directive  = lazyregexp.New(`(?i)^[ \t]*(match|include)(?:[ \t]*=[ \t]*|[ \t]+)(.*)$`)
	safeMatch  = lazyregexp.New(`(?i)^(all|host[ \t]+[^ \t,]+)$`)
	maxInclude = 5
)

// checkMatches refuses Match lines that the parser would read more widely than OpenSSH does: it takes all that
// follows "Match host" for host patterns, further criteria too.
func checkMatches(path string, text []byte, depth int) error {
	for n, line := range bytes.Split(text, []byte("\n")) {
		m := directive.FindSubmatch(bytes.TrimRight(line, " \t\r"))
		switch {
		case m == nil:
		case strings.EqualFold(string(m[1]), "match") && !safeMatch.Match(m[2]):
			return fmt.Errorf("%w: %s:%d: Match %.80q is not supported; use Host", ErrConfig, path, n+1, m[2])
		case strings.EqualFold(string(m[1]), "include") && depth < maxInclude:
			if err := checkIncluded(path, string(m[2]), depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkIncluded(path, patterns string, depth int) error {
	for _, p := range strings.Fields(patterns) {
		if !filepath.IsAbs(p) {
			home, err := os.UserHomeDir()
			if err != nil {
				return fmt.Errorf("%w: %s: %w", ErrConfig, path, err)
			}
			p = includePath(home, p)
		}
		files, err := filepath.Glob(p)
		if err != nil {
			return fmt.Errorf("%w: %s: Include %.80q: %w", ErrConfig, path, p, err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrConfig, err)
			}
			if err := checkMatches(f, text, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

func includePath(home, p string) string {
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		return filepath.Join(home, rest)
	}
	return filepath.Join(home, ".ssh", p)
}

// get returns the first value for host, "" if there is none or it is "none".
func (c *sshConfig) get(host, keyword string) string {
	v, err := c.parsed.Get(host, keyword)
	if err != nil || strings.EqualFold(v, "none") {
		return ""
	}
	return v
}

func (c *sshConfig) all(host, keyword string) []string {
	v, err := c.parsed.GetAll(host, keyword)
	if err != nil {
		return nil
	}
	return v
}

// refuseExecutes reports the keyword that would run a program for host.
func (c *sshConfig) refuseExecutes(host string) error {
	for _, k := range executes {
		if c.get(host, k) != "" {
			return fmt.Errorf("%w: %s: %s for %s would run a program on the runner; use ProxyJump", ErrConfig, c.path, k, host)
		}
	}
	return nil
}
