package runner

import "time"

// Moment is an instant on the two clocks of a run: At is the tenant's, which windows are held against; Now is the
// machine's, which leases and halt orders live by. They differ only for a tenant with a test clock.
type Moment struct{ At, Now time.Time }

func (m Moment) moment() Moment { return m }

// Event is something that happened. The set is closed.
type Event interface{ moment() Moment }

// Tick says that time has passed; it also begins a run.
type Tick struct{ Moment }

// Announced says that the intent of a wave is recorded where every runner sees it.
type Announced struct {
	Moment
	Wave int
}

// NotAnnounced says that the intent could not be recorded: nothing of the wave may start.
type NotAnnounced struct {
	Moment
	Wave int
}

// Refused says that the wave's intent was refused by what is known by now: nothing of the wave may start in this run.
// The other waves are not concerned.
type Refused struct {
	Moment
	Wave int
}

// Leased says that this run holds the lease until then.
type Leased struct {
	Moment
	Lease Lease
}

// LeaseLost says that somebody else holds the lease, or that nobody can tell.
type LeaseLost struct{ Moment }

// HaltRead says what the control branch says, and when it was read.
type HaltRead struct {
	Moment
	Halt Halt
}

// Finished says how the job of one host ended.
type Finished struct {
	Moment
	Wave   int
	Host   string
	End    End
	Fenced bool // the host refused: it has seen a newer lease, so this run's is gone
}

// Interrupted asks for a safe point: nothing more starts.
type Interrupted struct{ Moment }

// End is how one host's job ended.
type End int

// The ends.
const (
	EndSucceeded End = iota
	EndFailed
	EndSkipped // nothing was started: unreachable, or its key is wrong
	EndInDoubt
)

// Effect is what the adapter must do next. The set is closed.
type Effect interface{ effect() }

// TakeLease asks for the lease to be taken or renewed; Leased or LeaseLost answers.
type TakeLease struct{}

// ReadHalt asks for the control branch to be read; HaltRead answers, with the old reading when it cannot be read.
type ReadHalt struct{}

// Announce asks for the wave's intent to be recorded before anything of it starts; Announced, Refused or NotAnnounced
// answers.
type Announce struct{ Wave int }

// Start begins the job of one host, under a fencing number that the host refuses once it has seen a higher one. The
// host refuses it after By, too, in machine time: a runner that was stopped between Step and its host must not start
// something later, when the window is over, a halt was ordered or somebody else holds the lease.
type Start struct {
	Wave  int
	Host  string
	Fence int
	By    time.Time
}

// Settle asks for the outcomes of a wave to be recorded: nothing of it runs any more.
type Settle struct{ Wave int }

// Finish says that the run is over.
type Finish struct{}

func (TakeLease) effect() {}
func (ReadHalt) effect()  {}
func (Announce) effect()  {}
func (Start) effect()     {}
func (Settle) effect()    {}
func (Finish) effect()    {}
