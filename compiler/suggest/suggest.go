// Package suggest finds the word that somebody most likely meant, for the "did you mean" of diagnostics.
package suggest

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// synonyms are words that people bring from other tools or that an earlier page used for a field of ours.
var synonyms = map[string]string{
	"maxfailures": "stopAtFailures", "maxfailurs": "stopAtFailures", "maxerrors": "stopAtFailures", "stoponfailure": "stopAtFailures",
	"failurethreshold": "stopAtFailures", "maxdown": "maxUnavailable", "budget": "maxUnavailable", "maxparallel": "maxUnavailable",
	"selector": "select", "labels": "select", "schedule": "window", "maintenancewindow": "window", "maintenancewindows": "windows",
	"after": "requires", "needs": "requires", "dependson": "requires", "minsuccess": "minSucceeded", "minhosts": "minSucceeded",
	"success": "succeeded", "successrate": "succeeded", "soaktime": "soak", "delay": "soak", "wait": "soak",
	"tz": "timezone", "zone": "timezone", "inventory": "hosts", "stages": "rings", "waves": "rings", "approvals": "approval",
	"rules": "approval", "blackouts": "freezes", "blackout": "freezes", "length": "duration", "until": "ends", "end": "ends",
	"begin": "starts", "from": "starts", "weekdays": "days", "class": "classification", "classes": "classification", "kev": "exploited",
	"signatures": "approvers", "count": "approvers", "except": "allow", "comment": "reason", "dayofweek": "weekday", "week": "nth",
	"offset": "offsetDays", "restart": "reboot", "rebootpolicy": "reboot",
}

// Word returns the candidate that the writer most likely meant, or "".
func Word(word string, candidates []string) string {
	low := strings.ToLower(word)
	if s := synonyms[low]; slices.Contains(candidates, s) {
		return s
	}
	best, limit := "", max(1, len(word)/3)
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := levenshtein.ComputeDistance(low, strings.ToLower(c)); d <= limit {
			best, limit = c, d-1
		}
	}
	return best
}

// Tail phrases a suggestion as the tail of a summary.
func Tail(word string, candidates []string) string {
	if s := Word(word, candidates); s != "" {
		return `; did you mean "` + s + `"?`
	}
	return ""
}
