package diag

// Code is a stable name of one kind of mistake. Codes are never reused.
type Code string

// Codes by family: 1xxx policy language, 2xxx hosts and snapshots, 3xxx providers and connections, 4xxx plan and
// apply, 5xxx Git and ledger, 6xxx usage.
const (
	SyntaxError       Code = "RF1001" // a file does not parse
	UnknownField      Code = "RF1002" // a field the schema does not have
	MissingField      Code = "RF1003" // a field the schema requires
	WrongValue        Code = "RF1004" // a value of the wrong type or outside its set
	Conflict          Code = "RF1005" // two places give different values
	BadDuration       Code = "RF1006"
	BadTime           Code = "RF1007" // a wall time or date that does not exist
	UnknownZone       Code = "RF1008"
	EmptyMatch        Code = "RF1009" // a match that names nothing
	NotAtTopLevel     Code = "RF1010" // a policy outside tenant: <name>:
	DuplicateTenant   Code = "RF1011"
	NoTenants         Code = "RF1012"
	ImportFailed      Code = "RF1013"
	BadRego           Code = "RF1014" // a Rego module that does not compile or asks for what is not allowed
	RefusedFile       Code = "RF1015" // symlink, submodule, over the size limit
	BadSettings       Code = "RF1016" // ringfence.cue
	EvaluatorFailed   Code = "RF1017" // CUE itself gave up
	UnknownReference  Code = "RF1018" // a reference that leads nowhere
	UnknownRing       Code = "RF1020"
	UnknownTenant     Code = "RF1021"
	UnknownWindow     Code = "RF1022"
	RingCycle         Code = "RF1023"
	OverlappingRings  Code = "RF1024" // a host in two rings
	HostInNoRing      Code = "RF1025"
	EmptyRing         Code = "RF1026" // warning: a ring that selects no host
	NeverOpens        Code = "RF1027" // a window without an occurrence
	LaneTie           Code = "RF1028" // two lanes match with the same priority
	NoRings           Code = "RF1029"
	UnknownRole       Code = "RF1030"
	FreezeBackwards   Code = "RF1031" // a freeze that ends before it starts
	DuplicateHost     Code = "RF2001"
	BadHostName       Code = "RF2002"
	BadHostsFile      Code = "RF2003"
	UnknownProvider   Code = "RF2004"
	BadAddress        Code = "RF2005"
	BadSnapshot       Code = "RF2006" // a snapshot that is cut short or does not match its digest
	BadPackageName    Code = "RF2007" // a package name or version outside its grammar
	NoSnapshot        Code = "RF2008"
	ProviderMissing   Code = "RF3001"
	ProviderUntrusted Code = "RF3002" // no lock entry, or another checksum
	ProviderNotPlugin Code = "RF3003"
	ProviderCrashed   Code = "RF3004"
	HostUnreachable   Code = "RF3005"
	HostKeyMismatch   Code = "RF3006"
	HostKeyUnknown    Code = "RF3007"
	NoClientKey       Code = "RF3008"
	ScanFailed        Code = "RF3009"
	BadPlanFile       Code = "RF4001" // not a plan, cut short or edited
	PlanStale         Code = "RF4002"
	NothingDue        Code = "RF4003"
	ApprovalMissing   Code = "RF4004"
	WrongTenant       Code = "RF4005" // a plan for a tenant that this repository does not have
	Stopped           Code = "RF4006"
	NoTestClock       Code = "RF4007" // --at for a tenant that does not declare testClock
	NotARepository    Code = "RF5001"
	EmptyRepository   Code = "RF5002"
	UnknownRevision   Code = "RF5003"
	FolderDiffers     Code = "RF5004" // info: uncommitted policy is not what was read
	LedgerBroken      Code = "RF5005"
	LedgerMoved       Code = "RF5006" // somebody else wrote the ledger meanwhile
	UnsupportedRepo   Code = "RF5007" // reftable, sha256
	WriteFailed       Code = "RF5008"
	LeaseHeld         Code = "RF5009" // another run holds the lease
	NoSigningKey      Code = "RF5010"
	RemoteDown        Code = "RF5011" // the ledger's remote cannot be reached, or refuses
	RemoteRewound     Code = "RF5012" // the ledger's remote lost records that were on it
	Halted            Code = "RF5013"
	Usage             Code = "RF6001"
	TenantNeeded      Code = "RF6002"
	Exists            Code = "RF6003" // init into a folder that has something in it
)
