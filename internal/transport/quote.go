package transport

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLine is what Linux lets one argument be (MAX_ARG_STRLEN), and the remote shell gets the line as one argument.
const maxLine = 128<<10 - 1

// quote returns the command line that a remote shell splits back into exactly argv. It is the only place that makes
// a shell string. Every word is put into single quotes, in which POSIX shells know no special character; quotes,
// backslashes and exclamation marks stand outside of them with a backslash, so that shells which do know a backslash
// (fish) or the history (csh) within single quotes read the same words. Control characters and invalid UTF-8 are
// refused: nothing that we run needs them, and shells and locales differ about them.
func quote(argv []string) (string, error) {
	if len(argv) == 0 || argv[0] == "" {
		return "", errors.New("there is no program to run")
	}
	var b strings.Builder
	for i, word := range argv {
		if err := plain(word); err != nil {
			return "", fmt.Errorf("word %d of the command %w", i+1, err)
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		quoteWord(&b, word)
	}
	if b.Len() > maxLine {
		return "", fmt.Errorf("the command line has %d bytes; a host takes %d", b.Len(), maxLine)
	}
	return b.String(), nil
}

func quoteWord(b *strings.Builder, word string) {
	b.WriteByte('\'')
	for _, r := range word {
		switch r {
		case '\'', '\\', '!':
			b.WriteString(`'\`)
			b.WriteRune(r)
			b.WriteByte('\'')
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
}

func plain(word string) error {
	if !utf8.ValidString(word) {
		return errors.New("is not valid UTF-8")
	}
	if strings.ContainsFunc(word, unicode.IsControl) {
		return errors.New("contains a control character")
	}
	return nil
}
