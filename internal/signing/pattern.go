package signing

import "strings"

// matchList is OpenSSH's match_pattern_list: a comma-separated list of patterns with * and ?; one that begins with !
// and matches excludes.
func matchList(s, list string) bool {
	found := false
	for pattern := range strings.SplitSeq(list, ",") {
		negated := strings.HasPrefix(pattern, "!")
		if !match(s, strings.TrimPrefix(pattern, "!")) {
			continue
		}
		if negated {
			return false
		}
		found = true
	}
	return found
}

// match compares with one pattern, in time linear in both but for the last star.
func match(s, pattern string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case j < len(pattern) && pattern[j] == '*':
			star, mark = j, i
			j++
		case j < len(pattern) && (pattern[j] == '?' || pattern[j] == s[i]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	return strings.Trim(pattern[j:], "*") == ""
}
