package simulator

import "strings"

// Bug is something broken on purpose, around Step or in the invented world, and the invariant that must notice.
type Bug struct {
	Name      string // several at once are joined by "+": one alone would be made up for by another defence
	Invariant string
	What      string
}

// Bugs are all of them. Those of the guards inside Step are in package runner, built with the tag planted.
var Bugs = []Bug{
	{"freeze-not-planned", "I1", "the plan does not know of freezes"},
	{"host-without-deadline", "I1", "a host starts what was sent before its runner was stopped for an hour"},
	{"clock-of-the-plan", "I1", "Step is told the time at which the plan was made"},
	{"soak-ignored", "I2", "the plan is made without soaks"},
	{"failures-forgotten", "I2", "failed hosts are no evidence"},
	{"doubt-not-evidence", "I2", "hosts in doubt are no evidence"},
	{"doubt-counts-as-success", "I2", "hosts in doubt count as succeeded"},
	{"intent-not-checked-again", "I2", "a wave is announced on top of records that nobody looked at"},
	{"intent-not-pushed", "I3", "an intent that could not be pushed is kept here, and counts as announced"},
	{"not-announced-ignored", "I3", "a wave goes on though its intent was refused"},
	{"intent-lists-one", "I3", "an intent lists the first host of its wave only"},
	{"ask-without-fence+host-without-deadline", "I3", "a host is asked, but not shown the new fence"},
	{"running-taken-for-ended", "I3", "what still runs is settled by what a scan finds"},
	{"start-not-journalled", "I3b", "a start is sent before it is in the journal"},
	{"journal-not-synced", "I3b", "an entry is taken for durable before it is"},
	{"folder-not-synced", "I3b", "a new journal is taken for durable before its name is"},
	{"host-without-claims", "I4", "a host starts an action that it started before"},
	{"lost-start-sent-again", "I4", "a start whose answer is lost is sent again under another id"},
	{"doubt-hidden-from-plan", "I4", "hosts in doubt are planned like others"},
	{"gives-everything", "I5", "a host is given all that it lacks"},
	{"gives-newest", "I5", "a host is given the newest version"},
	{"first-change-for-all", "I5", "all hosts of a wave are given the first one's change"},
	{"reparent-keeps-state", "I6", "a record that moves keeps the state that it led to before"},
	{"state-vouches", "I6", "a state has a success that no record tells of"},
	{"record-cut-after-reduce", "I6", "a record loses an action after it was reduced"},
	{"push-without-swap", "I7", "a push replaces what others wrote"},
	{"reparent-keeps-number", "I7", "a record that moves keeps its number"},
	{"rewound-ignored", "I7", "a remote that lost records is taken as it is"},
	{"budget-ignores-doubt", "I9", "hosts in doubt are not down"},
	{"others-doubt-ignored", "I9", "only what this runner itself left in doubt is down"},
	{"running-taken-for-none", "I9", "what still runs is taken for never started"},
	{"takeover-keeps-fence", "I10", "a lease that is taken over keeps its number"},
	{"release-forgets-fence", "I10", "a released lease forgets its number"},
	{"renew-takes-back", "I10", "a lease that was lost is taken back by renewing it"},
	{"host-without-fence+host-without-deadline", "I10", "a host does not compare numbers"},
	{"lease-not-looked-at", "I10b", "two runs of a site at the same time"},
	{"host-without-deadline", "I10b", "a host starts what was sent under a lease that is over"},
	{"host-without-deadline", "I11", "a host starts what was sent before a halt"},
	{"halt-not-seen", "I11", "a reading of the control branch has its time and not its word"},
	{"halt-dated-late", "I11", "what could not be read counts as read now"},
	{"old-policy-accepted", "I12", "a policy is not compared with the recorded ones"},
	{"old-policy-announced", "I12", "a policy is compared when a run begins, and not when a wave is announced"},
	{"policy-compared-with-own", "I12", "a policy is compared with the runner's own last one"},
	{"error-dropped", "I14", "an error of the rules is left out of their answer"},
	{"error-of-the-next", "I14", "an error of the rules stands beside another update"},
	{"undefined-granted", "I14", "no answer is a grant"},
	{"plan-turns-snapshot", "I15", "planning sorts the snapshot that it was given"},
	{"plan-counts-failures", "I15", "planning counts a failure once more"},
	{"plan-empties-snapshot", "I15", "planning uses up what it was given"},
	{"plan-knows-its-runner", "I16", "a plan names who made it"},
	{"plan-by-own-clock", "I16", "a plan has a time that is not recorded"},
	{"plan-trusts-itself", "I16", "a plan knows of the doubts that others left, and not of its runner's own"},
	{"provider-trusted", "I22", "a provider's word is a success"},
	{"ended-taken-for-success", "I22", "an action in doubt that has ended is a success"},
	{"lost-taken-for-success", "I22", "an action that a restart ended is a success"},
	{"doubt-never-asked", "L1", "nobody asks about what is in doubt"},
	{"lease-never-expires", "L1", "a lease that was not released is never taken over"},
	{"failures-always-new", "L1", "a failure is always of this moment"},
}

// bug reports whether something is broken.
func (w *world) bug(name string) bool {
	for rest := w.o.Bug; rest != ""; {
		var one string
		one, rest, _ = strings.Cut(rest, "+")
		if one == name {
			return true
		}
	}
	return false
}
