package transport

import (
	"context"
	"fmt"
	"strconv"
)

// Ask says how an action stands on a host, whoever started it. It changes nothing, but for a claim whose starter died
// before the command began: that can no longer begin afterwards, and the answer is none.
//
// An error means that nothing was learnt. A provider may need several commands for one action; the answer is about the
// last that was started, so "ended" does not say that the provider was done: only reading the host does.
func Ask(ctx context.Context, conn Conn, id string) (Status, error) {
	return asked(ctx, conn, "", id)
}

func asked(ctx context.Context, conn Conn, dir, id string) (Status, error) {
	st, _, err := find(ctx, conn, dir, id)
	return st, err
}

// find asks root's supervisor, and that of the login if root's knows nothing: a command without Root ran under that.
func find(ctx context.Context, conn Conn, dir, id string) (Status, supervisor, error) {
	s := supervisor{conn: conn, root: true, dir: dir}
	st, err := s.last(ctx, id)
	if err != nil || st.State != StateNone || conn.User() == "root" {
		return st, s, err
	}
	s.root = false
	st, err = s.last(ctx, id)
	return st, s, err
}

// last asks for the commands of an action one by one.
func (s supervisor) last(ctx context.Context, id string) (Status, error) {
	var last Status
	for n := 1; ; n++ {
		st, err := s.ask(ctx, id, n)
		if err != nil {
			return Status{}, fmt.Errorf("ask for action %.80q: %w", id, err)
		}
		if st.State == StateNone && n > 1 {
			return last, nil
		}
		if last = st; st.State != StateEnded {
			return last, nil
		}
	}
}

func (s supervisor) ask(ctx context.Context, id string, n int) (Status, error) {
	name, err := hostID(id, n)
	if err != nil {
		return Status{}, err
	}
	ans, err := s.call(ctx, 0, "status", name)
	if err != nil {
		return Status{}, err
	}
	st, err := ans.status()
	if st.State != StateNone {
		st.Commands, st.Log = n, ans.log()
	}
	return st, err
}

// Fence makes a host refuse starts under a number lower than the action's, also such as are on their way. Whoever takes
// over from another run does this before believing that an action was never started.
func Fence(ctx context.Context, conn Conn, a Action) error {
	return supervisor{conn: conn, root: true}.fence(ctx, a)
}

func (s supervisor) fence(ctx context.Context, a Action) error {
	ans, err := s.call(ctx, 0, "fence", a.Scope, strconv.Itoa(a.Fence))
	if err != nil {
		return err
	}
	if ans.word != "kept" {
		return fmt.Errorf("%w: %s", ErrUnsupervised, ans.line)
	}
	return nil
}
