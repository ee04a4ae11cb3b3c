package diag

// Code is a stable name of one kind of mistake. Codes are never reused. What stands behind each constant is its meaning
// in docs/diagnostics.md, which a test compares with this file.
type Code string

// Codes by family: 1xxx policy language, 2xxx hosts and snapshots, 3xxx providers and connections, 4xxx plan and
// apply, 5xxx Git and ledger, 6xxx usage.
const (
	SyntaxError       Code = "RF1001" // a file does not parse
	UnknownField      Code = "RF1002" // a field the schema does not have
	MissingField      Code = "RF1003" // a field the schema requires
	WrongValue        Code = "RF1004" // a value of the wrong type or outside its set
	Conflict          Code = "RF1005" // two places give different values
	BadDuration       Code = "RF1006" // a duration that is not written in days, hours, minutes and seconds, or is not allowed here
	BadTime           Code = "RF1007" // a wall time or date that does not exist
	UnknownZone       Code = "RF1008" // a time zone that the IANA database does not have
	EmptyMatch        Code = "RF1009" // a match that names nothing
	NotAtTopLevel     Code = "RF1010" // a policy outside tenant: <name>:
	DuplicateTenant   Code = "RF1011" // two places declare one tenant
	NoTenants         Code = "RF1012" // the repository has no tenant
	ImportFailed      Code = "RF1013" // an import that leads nowhere, to another tenant or to a registry
	BadRego           Code = "RF1014" // a Rego module that does not compile or asks for what is not allowed
	RefusedFile       Code = "RF1015" // a file that is never read: a symlink, a submodule, one over the size limit
	BadSettings       Code = "RF1016" // ringfence.cue, the lock file or known_hosts says what cannot be
	EvaluatorFailed   Code = "RF1017" // CUE itself gave up on a tenant
	UnknownReference  Code = "RF1018" // a reference that leads nowhere
	LimitExceeded     Code = "RF1019" // a policy that takes more memory or time than it may
	UnknownRing       Code = "RF1020" // a ring that no tenant of that name has
	UnknownTenant     Code = "RF1021" // a tenant that the repository does not have
	UnknownWindow     Code = "RF1022" // a window that neither the tenant nor its baseline declares
	RingCycle         Code = "RF1023" // rings that wait for each other
	OverlappingRings  Code = "RF1024" // a host in two rings
	HostInNoRing      Code = "RF1025" // a host that no ring selects
	EmptyRing         Code = "RF1026" // warning: a ring that selects no host
	NeverOpens        Code = "RF1027" // a window without an occurrence
	LaneTie           Code = "RF1028" // two lanes match with the same priority
	NoRings           Code = "RF1029" // a tenant without a ring
	FreezeBackwards   Code = "RF1031" // a freeze that ends before it starts
	BadCalendar       Code = "RF1035" // a calendar file of a window or freeze that cannot be read whole
	BadRule           Code = "RF1036" // an RRULE that is none, or says more than dates
	NothingAhead      Code = "RF1037" // warning: a window whose last occurrence is over
	ClockJumps        Code = "RF1038" // info: daylight saving moves a start, or makes an occurrence longer or shorter on the wall
	UnknownFreeze     Code = "RF1039" // a freeze that neither the tenant nor its baseline declares
	Expired           Code = "RF1040" // warning: a rule or declaration whose end is over
	UnknownLabel      Code = "RF1050" // warning: a bound by a label that no host has
	StuckGroup        Code = "RF1051" // a quorum group of which no host can ever start
	SplitGroup        Code = "RF1052" // a quorum group across sites
	WrongSequence     Code = "RF1055" // a sequence that does not name each host of its group once
	AcceptanceOver    Code = "RF1053" // info: a finding counts again, because its acceptance has expired
	NothingAccepted   Code = "RF1054" // warning: an acceptance of what is not there
	Shadowed          Code = "RF1056" // warning: a rule or lane that decides nothing, because others always come first
	EndsSoon          Code = "RF1057" // warning: a rejection, hold or declared exploit that ends within two weeks
	NeverReached      Code = "RF1058" // warning: otherwise, where the other rules match everything
	UnreadFile        Code = "RF1060" // a file that looks like policy and is not read
	PoolTooSmall      Code = "RF1061" // warning: a gate of the pool that no update can ever pass
	NeverMatches      Code = "RF1062" // warning: a match whose fields exclude one another
	FrozenOut         Code = "RF1063" // warning: a window of which freezes leave nothing within a year
	SaysNothing       Code = "RF1064" // a field that reads like policy and sets nothing: a condition, a hidden one, a pattern without a match
	GateOnDisabled    Code = "RF1065" // warning: a gate on a ring of a tenant that is switched off
	DuplicateHost     Code = "RF2001" // two hosts of one tenant have one name
	BadHostName       Code = "RF2002" // a host name outside its grammar
	BadHostsFile      Code = "RF2003" // a hosts file that cannot be read as one
	UnknownProvider   Code = "RF2004" // a host whose provider is neither built in nor named in ringfence.cue
	BadAddress        Code = "RF2005" // an address that is no host or host:port
	BadSnapshot       Code = "RF2006" // a snapshot that is cut short or does not match its digest
	BadPackageName    Code = "RF2007" // a package name or version outside its grammar
	NoSnapshot        Code = "RF2008" // the tenant was never scanned, or nothing was recorded in the period
	SecretInHosts     Code = "RF2009" // a hosts file with a secret in it
	SameAddress       Code = "RF2010" // warning: two hosts of one site that have one address
	ProviderMissing   Code = "RF3001" // a provider whose program is not there
	ProviderUntrusted Code = "RF3002" // a provider without a pin, or with another checksum than the pinned one
	ProviderNotPlugin Code = "RF3003" // a program that does not answer as a provider, or as another one
	ProviderCrashed   Code = "RF3004" // a provider that died; what it had begun is in doubt until a scan
	HostKeyMismatch   Code = "RF3006" // a host shows another key than the known one
	ScanFailed        Code = "RF3009" // a machine that could not be read: nothing is known of it
	BadPlanFile       Code = "RF4001" // a file that is no plan, or one that was cut short or edited
	PlanStale         Code = "RF4002" // something that is due now is no longer as the plan says
	NothingDue        Code = "RF4003" // info: nothing may start at this instant; it says when
	ApprovalMissing   Code = "RF4004" // info: all that is left waits for people
	WrongTenant       Code = "RF4005" // a plan for a tenant that this repository does not have
	Stopped           Code = "RF4006" // hosts that failed, are in doubt or were interrupted keep the rest from going on
	NoTestClock       Code = "RF4007" // --at for a tenant that does not declare testClock
	TenantDisabled    Code = "RF4008" // a tenant that its policy switches off
	NotARepository    Code = "RF5001" // the folder is in no Git repository, or in one without a working folder
	EmptyRepository   Code = "RF5002" // a repository without a commit
	UnknownRevision   Code = "RF5003" // a revision that the repository does not have
	FolderDiffers     Code = "RF5004" // info: uncommitted policy is not what was read
	LedgerBroken      Code = "RF5005" // a ledger that cannot be read as one
	LedgerMoved       Code = "RF5006" // somebody else wrote the ledger meanwhile
	UnsupportedRepo   Code = "RF5007" // a repository in a format that is not read: reftable refs, SHA-256 objects, a partial clone
	WriteFailed       Code = "RF5008" // a file or record that could not be written
	LeaseHeld         Code = "RF5009" // another run holds the lease
	NoSigningKey      Code = "RF5010" // a record must be signed and there is no key to sign it with
	RemoteDown        Code = "RF5011" // the ledger's remote cannot be reached, or refuses
	RemoteRewound     Code = "RF5012" // the ledger's remote lost records that were on it
	Halted            Code = "RF5013" // a halt order stands
	BadSigners        Code = "RF5014" // a list of allowed signers that cannot be read
	PolicyBack        Code = "RF5015" // a policy commit that does not follow the one that was acted under last
	NoVoice           Code = "RF5016" // an order to lift something that would not count: unsigned, or by a key that may not
	MoreMustAgree     Code = "RF5017" // info: an order to lift something that more persons must agree to
	GitFailed         Code = "RF5018" // the git program is not there, or does not do what is asked of it
	ClockBehind       Code = "RF5019" // a machine whose clock is behind what others wrote: it starts nothing
	Usage             Code = "RF6001" // a command line that the program does not know
	TenantNeeded      Code = "RF6002" // several tenants, and none was named
	Exists            Code = "RF6003" // a folder that must be empty has something in it
)
