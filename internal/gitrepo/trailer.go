package gitrepo

import (
	"strings"
)

// Trailer is one "Key: value" line at the end of a commit message.
type Trailer struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Trailers are a message's trailers in their order.
type Trailers []Trailer

// Get returns the only value of a key; ok is false when there is none or more than one, so that nobody wins by
// writing a key twice.
func (t Trailers) Get(key string) (value string, ok bool) {
	n := 0
	for _, tr := range t {
		if strings.EqualFold(tr.Key, key) {
			value = tr.Value
			n++
		}
	}
	if n != 1 {
		return "", false
	}
	return value, true
}

// ParseMessage splits a commit message into its first line, its trailers and what stands between them. Trailers are
// the last paragraph, when it is not the first and each of its lines is one.
func ParseMessage(msg string) (subject, body string, trailers Trailers) {
	msg = strings.Trim(msg, "\n")
	rest := msg
	if i := strings.LastIndex(msg, "\n\n"); i >= 0 {
		if list, ok := parseTrailers(msg[i+2:]); ok {
			rest, trailers = msg[:i], list
		}
	}
	subject, body, _ = strings.Cut(rest, "\n")
	return subject, strings.Trim(body, "\n"), trailers
}

func parseTrailers(paragraph string) (Trailers, bool) {
	if paragraph == "" {
		return nil, false
	}
	var out Trailers
	for line := range strings.SplitSeq(paragraph, "\n") {
		key, value, ok := strings.Cut(line, ":")
		if !ok || !token(key) {
			return nil, false
		}
		out = append(out, Trailer{Key: key, Value: strings.TrimSpace(value)})
	}
	return out, true
}

// token reports whether s may be a trailer's key: letters, digits and inner dashes.
func token(s string) bool {
	for _, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && s[0] != '-'
}
