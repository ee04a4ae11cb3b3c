package command

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner/ledger"
)

// reason is the --reason flag: why somebody orders or records something. It is kept for good, so it must say something,
// and it is kept whole or refused.
type reason string

var errNoReason = errors.New("say why: --reason TEXT")

func (r *reason) String() string { return string(*r) }

func (r *reason) Set(s string) error {
	s = strings.TrimSpace(untrusted.Line(s, len(s)))
	switch {
	case strings.Trim(s, " \ufffd") == "":
		return errors.New("it says nothing; say why")
	case len(s) > ledger.MaxText:
		return fmt.Errorf("it has %d bytes (%d characters), and at most %d bytes are kept; say it shorter, or name where it is told",
			len(s), utf8.RuneCountInString(s), ledger.MaxText)
	}
	*r = reason(s)
	return nil
}

func (r *reason) Type() string { return "TEXT" }
