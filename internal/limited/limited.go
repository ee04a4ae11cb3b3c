// Package limited runs what users wrote, CUE and Rego, in child processes of this program with limits of memory,
// processor time and wall time: compiling tenants, asking their rules, running tests of rules, laying files out.
//
// New makes a Pool; the program that its children are must call Serve when it is started as Mode. Neither language has
// a budget of its own that could be trusted: a file of 300 bytes can take all memory of a machine. So nothing of either
// is parsed or evaluated in the process that holds keys and connections.
package limited

import (
	"time"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/worker"
	"github.com/ringfence/ringfence/internal/sandbox"
)

// Mode is the argument by which the program, started by itself, becomes a child. It is no verb: it reads frames from
// its parent and refuses anybody else.
const Mode = "-sandbox"

// limits are those of one tenant, one question or one file in one child. A tenant of 6 rings, 18 windows and 30 rules
// takes 9 ms and 5 MB; 64 classes of updates and four rules of Rego 3 ms.
var limits = sandbox.Limits{Memory: 768 << 20, CPU: 3 * time.Second, Wall: 30 * time.Second, Frame: 192 << 20}

const (
	// batchCPU is what an item may take among others; who needs more gets it when it is tried again alone.
	batchCPU = time.Second

	// batchBytes bounds what items that go together may hold, one item alone excepted.
	batchBytes = 8 << 20

	// idle is how long a child is kept for more work. It holds up to its memory while it waits.
	idle = 5 * time.Second
)

// request is what a child is sent: exactly one of the four, each with items that it answers by number.
type request struct {
	Compile *compileRequest
	Ask     *question
	Test    [][]policy.Module // the modules of one run of tests each
	Layout  []repository.File
}

// compileRequest carries shared files once, then tasks.
type compileRequest struct {
	Fresh  bool // forget the shared files of before
	Shared []repository.File
	Known  []string
	Tasks  []worker.Task
}

// question is a decision input and the text of every module that it names.
type question struct {
	Input   []byte
	Modules []policy.Module
}

// Frames of a child begin with what they are and the number of the item.
const (
	begunFrame  = 'b' // also in the midst of an item: limits of time count anew
	answerFrame = 'a'
)
