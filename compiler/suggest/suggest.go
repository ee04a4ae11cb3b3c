// Package suggest finds the word that somebody most likely meant, for the "did you mean" of diagnostics.
package suggest

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// synonyms are words that people bring from other tools or that an earlier page used for a field of ours, and those fields:
// the first that can stand there is meant.
var synonyms = map[string][]string{
	"maxfailures": {"stopAtFailures"}, "maxfailurs": {"stopAtFailures"}, "maxerrors": {"stopAtFailures"},
	"stoponfailure": {"stopAtFailures"}, "failurethreshold": {"stopAtFailures"}, "maxdown": {"maxUnavailable"},
	"budget": {"maxUnavailable"}, "maxparallel": {"maxUnavailable"}, "selector": {"select"}, "labels": {"select"},
	"schedule": {"window"}, "maintenancewindow": {"window"}, "maintenancewindows": {"windows"}, "after": {"requires"},
	"needs": {"requires"}, "dependson": {"requires"}, "minsuccess": {"minSucceeded"}, "minhosts": {"minSucceeded"},
	"success": {"succeeded"}, "successrate": {"succeeded"}, "soaktime": {"soak"}, "delay": {"soak"}, "wait": {"soak"},
	"tz": {"timezone"}, "zone": {"timezone"}, "inventory": {"hosts"}, "stages": {"rings"}, "waves": {"rings"},
	"approvals": {"approval"}, "rules": {"approval"}, "blackouts": {"freezes"}, "blackout": {"freezes"},
	"length": {"duration"}, "until": {"ends", "duration"}, "end": {"ends", "duration"}, "begin": {"starts", "start"},
	"from": {"starts"}, "weekdays": {"days"}, "class": {"classification"}, "classes": {"classification"},
	"kev": {"exploited"}, "signatures": {"approvers"}, "count": {"approvers"}, "except": {"allow"}, "comment": {"reason"},
	"dayofweek": {"weekday"}, "week": {"nth"}, "offset": {"offsetDays"}, "cron": {"rrule"}, "recurrence": {"rrule"},
	"calendar": {"ics"}, "restart": {"reboot"}, "rebootpolicy": {"reboot"}, "ends": {"duration"}, "to": {"duration"},
	"hours": {"duration"}, "deny": {"reject"}, "block": {"reject"}, "forbid": {"reject"}, "ban": {"reject"},
	"defer": {"hold"}, "pause": {"hold"}, "allow": {"approve"}, "permit": {"approve"}, "grant": {"approve"},
	"begins": {"starts"}, "startsat": {"starts"}, "endsat": {"ends"}, "opens": {"start"}, "starts": {"start"},
	"oneof": {"anyOf"}, "any": {"anyOf"}, "or": {"anyOf"}, "either": {"anyOf"}, "alternatives": {"anyOf"},
	"parallel": {"maxUnavailable"}, "concurrency": {"maxUnavailable"}, "batch": {"maxUnavailable"},
}

// maxWord is the length beyond which a word is no slip; looking for one would take its square.
const maxWord = 130

// Word returns the candidate that the writer most likely meant, or "".
func Word(word string, candidates []string) string {
	if len(word) > maxWord {
		return ""
	}
	low := strings.ToLower(word)
	for _, s := range synonyms[low] {
		if slices.Contains(candidates, s) {
			return s
		}
	}
	best, limit := "", allowed(len(word))
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := distance(low, strings.ToLower(c)); d <= limit {
			best, limit = c, d-1
		}
	}
	return best
}

// Slip returns the candidate that differs from the word by a single slip, or "". It is for candidates that are
// unlikely, such as a field that is there already.
func Slip(word string, candidates []string) string {
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if distance(strings.ToLower(word), strings.ToLower(c)) == 1 {
			return c
		}
	}
	return ""
}

// allowed is how many slips a word of that length may hold and still be recognised.
func allowed(length int) int {
	if length < 4 {
		return 1
	}
	return max(2, length/3)
}

// distance is the edit distance, in which two letters that changed places are one slip.
func distance(a, b string) int {
	d := levenshtein.ComputeDistance(a, b)
	for i := 0; d > 1 && i+1 < len(a); i++ {
		if swapped := a[:i] + a[i+1:i+2] + a[i:i+1] + a[i+2:]; swapped != a {
			d = min(d, 1+levenshtein.ComputeDistance(swapped, b))
		}
	}
	return d
}

// Tail phrases a suggestion as the tail of a summary.
func Tail(word string, candidates []string) string {
	return Phrase(Word(word, candidates))
}

// Phrase is the tail that suggests a word, "" without one.
func Phrase(meant string) string {
	if meant == "" {
		return ""
	}
	return `; did you mean "` + meant + `"?`
}
