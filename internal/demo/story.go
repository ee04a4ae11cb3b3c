package demo

// The demo's week. Both tenants are in Berlin: UTC+1 in November.
const (
	thursday      = "2026-11-19T10:00:00Z"
	sunday        = "2026-11-22T10:00:00Z"
	mondayMorning = "2026-11-23T10:30:00Z"
	mondayNoon    = "2026-11-23T11:00:00Z"
	mondayNight   = "2026-11-23T21:30:00Z" // 22:30 in Berlin: inside the weeknight window
	tuesdayNoon   = "2026-11-24T11:00:00Z"
	saturdayNight = "2026-11-28T19:30:00Z" // 20:30 in Berlin: inside the weekend window
	saturdayLater = "2026-11-28T20:30:00Z"
)

const (
	acme     = "acme"
	mspLab   = "msp-lab"
	planFile = "plan.json"
)

// Exit codes that are part of the story.
const (
	found      = 3
	notDue     = 5
	unfinished = 8
)

// Simulated is the main job on the simulated fleet: a test ring of one tenant, a pilot and a broad ring of another,
// with a soak in between; an exploited update overtakes the others in its lane; one host is down and one fails.
func Simulated() []Step {
	s := story{}
	s.add("Compile both tenants.", 0, "check")
	s.add("SUNDAY. Detect: ask every host what it lacks.", 0, "scan", "--tenant", mspLab, "--at", sunday)
	s.plan("Test: the lab patches its own hosts any time. A preview shows first what their package managers would do.", mspLab, sunday, "--preview")
	s.apply("", 0, sunday)
	s.add("MONDAY. An exploited update appears: the lab tests it at once. One command does all that is due.", 0, "run", "--tenant", mspLab, "--at", mondayMorning)
	s.add("The customer. A host that is down is unreachable, not compliant.", 0, "scan", "--tenant", acme, "--at", mondayNoon)
	s.plan("Everything that waits says for what and until when; the exploited update has a lane of its own.", acme, mondayNoon)
	s.apply("", 0, mondayNoon)
	s.add("MONDAY NIGHT. Scan again: are the pilot's hosts well with what they got at noon?", 0, "scan", "--tenant", acme, "--at", mondayNight)
	s.plan("The pilot's window is open; the exploited update has soaked its 4 hours and goes everywhere.", acme, mondayNight)
	s.apply("", 0, mondayNight)
	s.add("TUESDAY. The next scan: are they well with the rest?", 0, "scan", "--tenant", acme, "--at", tuesdayNoon)
	s.plan("The other updates need 72 hours and the weekend: nothing is due, and apply says what comes next.", acme, tuesdayNoon)
	s.apply("", notDue, tuesdayNoon)
	s.scans("SATURDAY NIGHT. What nobody scans for a day is an alarm.", saturdayNight)
	s.plan("Soaked, well, tested by another tenant too, and the weekend window is open. One host's install fails.", acme, saturdayNight)
	s.apply("", unfinished, saturdayNight)
	s.apply("Applying the same plan again repeats nothing, not even the failure.", unfinished, saturdayLater)
	s.review("Review and report: no scan has ever reached one host, which is an alarm, so status exits 3.", found, saturdayLater)
	return s.steps
}

// Real is the main job on six real hosts: the same rings, without the simulated mishaps.
func Real() []Step {
	s := story{}
	s.add("Compile both tenants.", 0, "check")
	s.add("THURSDAY. Detect: the hosts' own apt says what they lack. First seen today: rules count from here, since apt knows no release dates.",
		0, "scan", "--tenant", mspLab, "--at", thursday)
	s.add("", 0, "scan", "--tenant", acme, "--at", thursday)
	s.plan("SUNDAY. The lab's own host may go. A preview asks its apt what it would do.", mspLab, sunday, "--preview")
	s.apply("", 0, sunday)
	s.plan("MONDAY NIGHT. The pilot's window is open.", acme, mondayNight)
	s.apply("", 0, mondayNight)
	s.add("TUESDAY. Scan again: are the pilot's hosts well?", 0, "scan", "--tenant", acme, "--at", tuesdayNoon)
	s.plan("The pilot has not soaked for 72 hours: nothing is due, and apply says what comes next.", acme, tuesdayNoon)
	s.apply("", notDue, tuesdayNoon)
	s.scans("SATURDAY NIGHT. What nobody scans for a day is an alarm.", saturdayNight)
	s.plan("Soaked, well, tested by another tenant too, and the weekend window is open.", acme, saturdayNight)
	s.apply("", 0, saturdayNight)
	s.apply("Applying the same plan again changes nothing.", 0, saturdayLater)
	s.review("Review and report.", 0, saturdayLater)
	return s.steps
}

// story collects steps.
type story struct{ steps []Step }

func (s *story) add(say string, want int, args ...string) {
	s.steps = append(s.steps, Step{Say: say, Args: args, Want: want})
}

func (s *story) plan(say, tenant, at string, more ...string) {
	s.add(say, 0, append([]string{"plan", "--tenant", tenant, "--at", at, "-out", planFile}, more...)...)
}

func (s *story) apply(say string, want int, at string) {
	s.add(say, want, "apply", planFile, "--at", at)
}

// scans asks the hosts of both tenants.
func (s *story) scans(say, at string) {
	s.add(say, 0, "scan", "--tenant", mspLab, "--at", at)
	s.add("", 0, "scan", "--tenant", acme, "--at", at)
}

func (s *story) review(say string, status int, at string) {
	s.add(say, status, "status", "--at", at)
	s.add("", 0, "report", "--tenant", acme, "--at", at)
	s.add("The record is Git.", 0, "log", "--tenant", acme)
}
