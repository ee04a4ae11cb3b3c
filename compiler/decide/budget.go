package decide

import "context"

// budget ends an evaluation after a number of steps or with its context, whichever comes first. Steps make the limit
// the same on every machine and in every replay; the context is the wall clock's word. OPA asks at each expression, so
// nothing loops past it, but one call of a built-in function is one step whatever it costs: the limits of the process
// are for those.
type budget struct {
	ctx       context.Context
	left      int
	cancelled bool
}

const (
	stepsPerClass = 500_000 // some 200 ms; the built-in rules take about 60 steps a class and rule
	stepsPerPoll  = 1 << 6  // between two looks at the context
)

func newBudget(ctx context.Context, steps int) *budget { return &budget{ctx: ctx, left: steps} }

// Cancel ends the evaluation at its next step.
func (b *budget) Cancel() { b.cancelled = true }

// Cancelled takes one step and reports whether none is left.
func (b *budget) Cancelled() bool {
	b.left--
	if b.left < 0 || b.left%stepsPerPoll == 0 && b.ctx.Err() != nil {
		b.cancelled = true
	}
	return b.cancelled
}

// spent reports whether the steps, not the clock, ended the evaluation.
func (b *budget) spent() bool { return b.left < 0 }
