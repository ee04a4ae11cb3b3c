package transport

import (
	"bytes"
	"fmt"

	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
)

// withSudo asks sudo to run argv without ever prompting, in the language in which readSudo knows its refusals.
func withSudo(argv []string) []string {
	return append([]string{"env", "LC_ALL=C", "sudo", "-n", "--"}, argv...)
}

var (
	sudoMissing  = lazyregexp.New(`^(\S*/)?env: .*sudo.*: No such file or directory$`)
	sudoNotFound = lazyregexp.New(`^sudo: .*: command not found$`)
	sudoRefuses  = lazyregexp.New(`(?i)^sudo: (a password is required|a terminal is required|no tty present|sorry, you |` +
		`no valid sudoers sources|unknown user|account validation failure|account expired|password expired|account or password is expired|` +
		`pam_|unable to initialize|error in .*sudoers|.* must be owned by|effective uid is not 0|` +
		`the "no new privileges" flag|if sudo is running in a container)` +
		`|^sorry, user .* (is not allowed to execute|may not run sudo)|is not in the sudoers file|is not allowed to run sudo`)
)

// readSudo tells sudo's own failures from those of the command. sudo says no with exit code 1 and nothing on stdout,
// which a scan would otherwise read as "nothing is missing". It refuses last thing before it ends, so only the last
// line counts: a warning of sudo's ("unable to resolve host") comes before the command runs.
func readSudo(out providers.Output) (providers.Output, error) {
	if len(bytes.TrimSpace(out.Stdout)) > 0 {
		return out, nil
	}
	switch said := lastLine(out.Stderr); {
	case out.ExitCode == 127 && sudoMissing.Match(said):
		return providers.Output{}, fmt.Errorf("%w: the host has no sudo; log in as root or install it", ErrSudo)
	case out.ExitCode == 1 && sudoNotFound.Match(said):
		out.ExitCode = 127
	case out.ExitCode == 1 && sudoRefuses.Match(said):
		return providers.Output{}, fmt.Errorf("%w: %s; allow it in sudoers with NOPASSWD", ErrSudo, untrusted.Line(string(said), 200))
	}
	return out, nil
}

func lastLine(text []byte) []byte {
	text = bytes.TrimSpace(text)
	return bytes.TrimSpace(text[bytes.LastIndexByte(text, '\n')+1:])
}
