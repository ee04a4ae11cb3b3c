package diag

import (
	"strconv"
	"strings"
)

// ParsePlace reads the path:line:column of a document back.
func ParsePlace(s string) Range {
	rest, column, ok1 := cutLast(s)
	file, line, ok2 := cutLast(rest)
	if !ok1 || !ok2 {
		return Range{File: s}
	}
	pos := Pos{Line: line, Column: column}
	return Range{File: file, Start: pos, End: pos}
}

func cutLast(s string) (string, int, bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, 0, false
	}
	n, err := strconv.Atoi(s[i+1:])
	return s[:i], n, err == nil
}
