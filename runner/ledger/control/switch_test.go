package control

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/internal/gitrepo/gittest"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/remote"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

// TestMain gives git a home of its own.
func TestMain(m *testing.M) { gittest.Main(m) }

var t0 = time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC)

func halt(tenant, why string) Order {
	return Order{Tenant: tenant, Reason: why, By: "ops", At: t0}
}

// give writes an order of a kind.
func give(ctx context.Context, s *Switch, kind Kind, o Order) error {
	o.Kind = kind
	write := s.Lift
	switch kind {
	case Halt:
		write = s.Halt
	case Break:
		write = s.Break
	}
	_, err := write(ctx, o)
	return err
}

// whoHalts says which of two tenants are halted, and why.
func whoHalts(c Orders) string {
	var out []string
	for _, tenant := range []string{"acme", "globex"} {
		if h, ok := c.Halted(tenant); ok {
			out = append(out, tenant+": "+h.Reason)
		}
	}
	return strings.Join(out, ", ")
}

func TestHaltOrders(t *testing.T) {
	for _, apart := range []bool{false, true} {
		s := remotetest.NewSite(t, remotetest.Bare(t))
		here, there := Open(s.Repo, remote.Options{}, Quorum{}), Open(s.Repo, remote.Options{}, Quorum{})
		if apart {
			here, there = Open(s.Repo, remotetest.Quick(), Quorum{}), Open(remotetest.NewSite(t, s.Bare).Repo, remotetest.Quick(), Quorum{})
		}
		for i, step := range []struct {
			from   *Switch
			kind   Kind
			halt   Order
			err    error
			halted string
		}{
			{here, Unhalt, halt("acme", "calm"), ErrNotHalted, ""},
			{here, Halt, halt("acme", "smoke"), nil, "acme: smoke"},
			{there, Halt, halt("*", "fire"), nil, "acme: smoke, globex: fire"},
			{there, Halt, halt("acme", "more smoke"), nil, "acme: smoke, globex: fire"},
			{here, Unhalt, halt("globex", "calm"), ErrNotHalted, "acme: smoke, globex: fire"},
			{here, Unhalt, halt("acme", "calm"), nil, "acme: fire, globex: fire"},
			{there, Unhalt, halt("*", "calm"), nil, ""},
			{here, Halt, halt("globex", "smoke"), nil, "globex: smoke"},
		} {
			if err := give(t.Context(), step.from, step.kind, step.halt); !errors.Is(err, step.err) {
				t.Fatalf("remote %t, step %d: %v, want %v", apart, i, err, step.err)
			}
			for _, s := range []*Switch{here, there} {
				now := t0.Add(time.Duration(i) * time.Hour)
				c, err := s.ReadHalts(t.Context(), now)
				if got := whoHalts(c); err != nil || got != step.halted || !c.Read.Equal(now) {
					t.Errorf("remote %t, step %d: %q, %v, want %q", apart, i, got, err, step.halted)
				}
			}
		}
		for name, h := range map[string]Order{
			"no reason": halt("acme", ""), "no tenant": halt("", "x"), "a path": halt("a/b", "x"), "a book": halt("acme", strings.Repeat("x", 501)),
			"never": {Tenant: "acme", Reason: "x", By: "ops"}, "nobody": {Tenant: "acme", Reason: "x", At: t0},
			"an update": {Tenant: "acme", Reason: "x", By: "ops", At: t0, Update: "pkg:deb/debian/openssl@3"},
		} {
			if err := give(t.Context(), here, Halt, h); err == nil {
				t.Errorf("%s was written", name)
			}
		}
	}
}

// TestWhatCannotBeReadHalts spoils the branch in many ways. In none may anybody start anything.
func TestWhatCannotBeReadHalts(t *testing.T) {
	order := func(edit func(*Order)) []byte {
		h := halt("acme", "smoke")
		h.Kind = Unhalt
		h = h.filled()
		edit(&h)
		raw, err := ledger.Encode(h)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	good := order(func(*Order) {})
	for name, files := range map[string]map[string][]byte{
		"no order":     {"README": []byte("x")},
		"text":         {file: []byte("stop")},
		"a later form": {file: order(func(h *Order) { h.APIVersion = "ringfence.dev/v2" })},
		"a later kind": {file: order(func(h *Order) { h.Kind = "HaltSome" })},
		"a field more": {file: []byte(strings.Replace(string(good), `"by"`, `"also":"*","by"`, 1))},
		"two values":   {file: append(append([]byte{}, good...), good...)},
	} {
		s := remotetest.NewSite(t, remotetest.Bare(t))
		w := Open(s.Repo, remotetest.Quick(), Quorum{})
		if err := give(t.Context(), w, Halt, halt("globex", "smoke")); err != nil {
			t.Fatal(err)
		}
		spec := remotetest.Odd(gittest.Run(t, s.Bare, "rev-parse", ref), name, t0)
		spec.Files = files
		bad, err := s.Repo.Commit(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		gittest.Run(t, s.Dir, "push", "-q", "origin", bad+":"+ref)
		for _, r := range []*Switch{w, Open(remotetest.NewSite(t, s.Bare).Repo, remotetest.Quick(), Quorum{})} {
			c, err := r.ReadHalts(t.Context(), t0)
			if h, halted := c.Halted("acme"); !halted || h.Tenant != Everyone || !errors.Is(err, ledger.ErrBroken) {
				t.Errorf("%s: %+v, %v", name, c, err)
			}
			if err := give(t.Context(), r, Unhalt, halt("globex", "calm")); !errors.Is(err, ledger.ErrBroken) {
				t.Errorf("%s: Unhalt: %v", name, err)
			}
		}
	}
}

func TestAHaltThatDisappears(t *testing.T) {
	s := remotetest.NewSite(t, remotetest.Bare(t))
	w := Open(s.Repo, remotetest.Quick(), Quorum{})
	if err := give(t.Context(), w, Halt, halt("globex", "smoke")); err != nil {
		t.Fatal(err)
	}
	before := gittest.Run(t, s.Bare, "rev-parse", ref)
	if err := give(t.Context(), w, Halt, halt("acme", "smoke")); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"older": {"update-ref", ref, before}, "deleted": {"update-ref", "-d", ref}} {
		gittest.Run(t, s.Bare, args...)
		for _, r := range []*Switch{w, Open(s.Repo, remotetest.Quick(), Quorum{})} {
			c, err := r.ReadHalts(t.Context(), t0)
			if _, halted := c.Halted("initech"); !halted || !errors.Is(err, remote.ErrRewound) {
				t.Errorf("%s: %+v, %v", name, c, err)
			}
		}
	}
}

// TestASilentRemoteKeepsTheHalts reads with the remote gone: what was read last stands, with its time.
func TestASilentRemoteKeepsTheHalts(t *testing.T) {
	s := remotetest.NewSite(t, remotetest.Bare(t))
	w := Open(s.Repo, remotetest.Quick(), Quorum{})
	if err := give(t.Context(), w, Halt, halt("acme", "smoke")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ReadHalts(t.Context(), t0); err != nil {
		t.Fatal(err)
	}
	defer s.Down(t)()
	later := t0.Add(4 * time.Minute)
	c, err := w.ReadHalts(t.Context(), later)
	if whoHalts(c) != "acme: smoke" || !errors.Is(err, gitrepo.ErrRemoteDown) || !c.Read.Equal(t0) {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = Open(s.Repo, remotetest.Quick(), Quorum{}).ReadHalts(t.Context(), later) // another process
	if whoHalts(c) != "acme: smoke" || !errors.Is(err, gitrepo.ErrRemoteDown) || !c.Read.IsZero() {
		t.Errorf("%+v, %v", c, err)
	}
	if err := give(t.Context(), w, Halt, halt("acme", "fire")); !errors.Is(err, gitrepo.ErrRemoteDown) {
		t.Errorf("Halt: %v", err)
	}
}

// TestAHaltIsNotLiftedUnseen lets a second halt come in while somebody lifts the first.
func TestAHaltIsNotLiftedUnseen(t *testing.T) {
	s := remotetest.NewSite(t, remotetest.Bare(t))
	other := Open(remotetest.NewSite(t, s.Bare).Repo, remotetest.Quick(), Quorum{})
	o := remotetest.Quick()
	meddle := false
	o.Sign = func([]byte) ([]byte, error) { // between reading and pushing
		if meddle {
			meddle = false
			return []byte("x\n"), give(t.Context(), other, Halt, halt("acme", "fire"))
		}
		return []byte("x\n"), nil
	}
	w := Open(s.Repo, o, Quorum{})
	if err := give(t.Context(), w, Halt, halt("acme", "smoke")); err != nil {
		t.Fatal(err)
	}
	meddle = true
	if err := give(t.Context(), w, Unhalt, halt("acme", "calm")); !errors.Is(err, remote.ErrMoved) {
		t.Errorf("Unhalt: %v", err)
	}
	c, err := w.ReadHalts(t.Context(), t0)
	if err != nil || len(c.Halts) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestAShallowControlBranchHalts(t *testing.T) {
	s := remotetest.NewSite(t, remotetest.Bare(t))
	w := Open(s.Repo, remotetest.Quick(), Quorum{})
	for _, h := range []Order{halt("acme", "a"), halt("globex", "b")} {
		if err := give(t.Context(), w, Halt, h); err != nil {
			t.Fatal(err)
		}
	}
	clone := t.TempDir()
	gittest.Run(t, clone, "clone", "-q", "--bare", "--depth=1", "--branch=ringfence/control", "file://"+s.Bare, clone)
	repo, err := gitrepo.Open(t.Context(), clone)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(repo, remote.Options{}, Quorum{}).ReadHalts(t.Context(), t0)
	if _, halted := c.Halted("initech"); !halted || !errors.Is(err, ledger.ErrBroken) {
		t.Errorf("%+v, %v", c, err)
	}
}
