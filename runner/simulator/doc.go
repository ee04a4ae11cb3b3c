// Package simulator plays whole runs of one tenant in an invented world: a Git remote, runners with their disks, hosts
// with their supervisors, and everything that goes wrong between them. What decides is the shipped code: Step, the
// waves and limits of a run, Reduce and Extract, the plan and its decisions, and how doubt is settled. All else is made
// up from one seed, so that any failure can be played again, event by event.
//
// Invariants are checked against the truth of the world, which no runner ever sees; see invariants. Options.Bug breaks
// one thing on purpose, to show that the invariants can tell.
package simulator
