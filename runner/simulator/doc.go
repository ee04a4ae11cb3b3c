// Package simulator plays whole runs of one tenant in an invented world: a Git remote, runners with their disks, hosts
// with their supervisors, and everything that goes wrong between them. What decides is the shipped code: Step, the
// waves and limits of a run, Reduce and Extract, the plan and its decisions, how doubt is settled, and the journal. All
// else is made up from one seed, so that any failure can be played again, event by event.
//
// Invariants are checked against the truth of the world, which no runner ever sees; see invariants. Options.Bug breaks
// one thing on purpose, to show that the invariants can tell: each has three bugs or more, here in Bugs or inside the
// guards of Step (package runner, tag planted), and TestPlanted finds every one of them. TestSeeds also counts in how
// many worlds each fault occurred, and fails when one of them hardly does any more. TestCrashPoints kills a runner at
// every place where it touches the outside; see Scenes.
//
// What each promise of docs/guarantees.md means here, and what must prove it where nothing here can:
//
//	I1 window, I2 gate, I4 once, I9 budget, I9b stop   every start on a host, against clock, records and what runs there
//	I3 intent, I3b journal before start                every start and every outcome; the journal when it is opened again
//	I5 only what was planned                           every start, against the announced action; a plan's bytes: compiler/plan
//	I6 replay, I7 append only, I12 monotonic policy    every push; signatures and tampered histories: runner/ledger/verify
//	I10 fencing, I10b lease                            every lease and start
//	I11 halt                                           every start: 60 s after an order can be read, 5 minutes without reading
//	I14 deny by default                                answers that are errors or undefined, taken by decision and plan;
//	                                                   that the evaluator gives them: compiler/decide
//	I15 planning changes nothing                       a third of all plans: inputs before and after; hosts: providers/providertest
//	I16 same plan again                                a third of all plans: made again from what is recorded; same seed, same story
//	I22 success is true                                every recorded success, against what the host had
//	L1 everything due gets done                        the end of every world, after a time without trouble
//	I8, I13, I17 to I21                                not here: tenants, approvals, keys, packages, hostile bytes, secrets and
//	                                                   terminals lie outside what is played; see their rows
//
// What is invented is simpler than what it stands for. A job follows runner's job.go step by step and is not that code,
// as that waits for real processes; so do leases, pushes and a run's own checks of its policy and its intents, which are
// of runner/ledger and internal/command. What they ought to do is shown to be enough, and to be needed; that they do it
// is for their own tests. Nobody reboots on purpose. All clocks agree. A commit cannot be torn: package ledger's tests
// kill writers of real repositories.
package simulator
