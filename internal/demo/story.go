package demo

// The demo's week. Both tenants are in Berlin: UTC+1 in November.
const (
	sunday         = "2026-11-22T10:00:00Z"
	mondayNoon     = "2026-11-23T11:00:00Z"
	mondayNight    = "2026-11-23T21:30:00Z" // 22:30 in Berlin: inside the weeknight window
	tuesdayNoon    = "2026-11-24T11:00:00Z"
	saturdayNight  = "2026-11-28T19:30:00Z" // 20:30 in Berlin: inside the weekend window
	saturdayLater  = "2026-11-28T20:00:00Z"
	acmeTenant     = "acme"
	mspLabTenant   = "msp-lab"
	planFile       = "plan.json"
	unfinishedExit = 8
	notDueExit     = 5
)

// Story is the main job: a test ring of one tenant, a pilot and a broad ring of another, with a soak in between. broken
// says that one host of the broad ring cannot install and is meant to be seen failing.
func Story(broken bool) []Step {
	want := 0
	if broken {
		want = unfinishedExit
	}
	var out []Step
	add := func(say string, want int, args ...string) { out = append(out, Step{Say: say, Args: args, Want: want}) }
	plan := func(say, tenant, at string, more ...string) {
		add(say, 0, append([]string{"plan", "--tenant", tenant, "--at", at, "-out", planFile}, more...)...)
	}

	add("Compile both tenants.", 0, "check")
	add("SUNDAY. Detect: ask every host what it lacks. A host that is down is unreachable, not compliant.", 0, "scan", "--tenant", mspLabTenant, "--at", sunday)
	plan("Test: the lab patches its own hosts any time, and shows first exactly what would happen.", mspLabTenant, sunday, "--preview")
	add("", 0, "apply", planFile, "--at", sunday)

	add("MONDAY NOON. The customer: pilot hosts wait for tonight's window, the others for the pilot.", 0, "scan", "--tenant", acmeTenant, "--at", mondayNoon)
	plan("", acmeTenant, mondayNoon)
	add("Nothing is due yet, and apply says when something will be.", notDueExit, "apply", planFile, "--at", mondayNoon)

	plan("MONDAY NIGHT. The window is open: the pilot goes.", acmeTenant, mondayNight)
	add("", 0, "apply", planFile, "--at", mondayNight)

	plan("TUESDAY. The pilot succeeded, but has not soaked for 72 hours: the broad ring stays closed.", acmeTenant, tuesdayNoon)
	add("", notDueExit, "apply", planFile, "--at", tuesdayNoon)

	plan("SATURDAY NIGHT. Soaked, tested by another tenant too, and the weekend window is open.", acmeTenant, saturdayNight)
	add("", want, "apply", planFile, "--at", saturdayNight)
	add("Applying the same plan again changes nothing.", want, "apply", planFile, "--at", saturdayLater)

	add("Or all of it in one command, as a schedule would call it.", 0, "run", "--all", "--at", saturdayLater)
	add("Review and report.", 0, "status", "--at", saturdayLater)
	add("", 0, "report", "--tenant", acmeTenant, "--at", saturdayLater)
	add("The record is Git.", 0, "log", "--tenant", acmeTenant)
	return out
}
