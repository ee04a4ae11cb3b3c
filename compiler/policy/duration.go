package policy

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/internal/lazyregexp"
)

var durationGrammar = lazyregexp.New(`^(?:([0-9]{1,4})d)?((?:[0-9]{1,6}h)?(?:[0-9]{1,6}m)?(?:[0-9]{1,6}s)?)$`)

// ParseDuration reads what policies write: days, hours, minutes and seconds, "3d", "1d12h", "72h", "0s". A day is 24
// hours of elapsed time, also where daylight saving changes. What it yields is encoded in hours, so that "3d" and
// "72h" are one policy with one digest.
func ParseDuration(s string) (Duration, error) {
	m := durationGrammar.FindStringSubmatch(s)
	if m == nil || s == "" {
		return 0, errors.New("no duration")
	}
	days, _ := strconv.Atoi(m[1])
	total := time.Duration(days) * 24 * time.Hour
	if m[2] == "" {
		return Duration(total), nil
	}
	rest, err := time.ParseDuration(m[2])
	return Duration(total + rest), err
}

// short drops the zero units that time.Duration prints after the last one that counts.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
