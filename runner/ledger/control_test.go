package ledger

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/gitrepo"
)

func halt(tenant, why string) Halt {
	return Halt{Tenant: tenant, Reason: why, By: "ops", At: t0}
}

// whoHalts says which of two tenants are halted, and why.
func whoHalts(c Control) string {
	var out []string
	for _, tenant := range []string{"acme", "globex"} {
		if h, ok := c.Halted(tenant); ok {
			out = append(out, tenant+": "+h.Reason)
		}
	}
	return strings.Join(out, ", ")
}

func TestHaltOrders(t *testing.T) {
	for _, remote := range []bool{false, true} {
		s := newSite(t, bareRemote(t))
		here, there := OpenSwitch(s.repo, Options{}), OpenSwitch(s.repo, Options{})
		if remote {
			here, there = OpenSwitch(s.repo, quick()), OpenSwitch(newSite(t, s.bare).repo, quick())
		}
		for i, step := range []struct {
			order  func(context.Context, Halt) error
			halt   Halt
			err    error
			halted string
		}{
			{here.Unhalt, halt("acme", "calm"), ErrNotHalted, ""},
			{here.Halt, halt("acme", "smoke"), nil, "acme: smoke"},
			{there.Halt, halt("*", "fire"), nil, "acme: smoke, globex: fire"},
			{there.Halt, halt("acme", "more smoke"), nil, "acme: smoke, globex: fire"},
			{here.Unhalt, halt("globex", "calm"), ErrNotHalted, "acme: smoke, globex: fire"},
			{here.Unhalt, halt("acme", "calm"), nil, "acme: fire, globex: fire"},
			{there.Unhalt, halt("*", "calm"), nil, ""},
			{here.Halt, halt("globex", "smoke"), nil, "globex: smoke"},
		} {
			if err := step.order(t.Context(), step.halt); !errors.Is(err, step.err) {
				t.Fatalf("remote %t, step %d: %v, want %v", remote, i, err, step.err)
			}
			for _, s := range []*Switch{here, there} {
				now := t0.Add(time.Duration(i) * time.Hour)
				c, err := s.ReadHalts(t.Context(), now)
				if got := whoHalts(c); err != nil || got != step.halted || !c.Read.Equal(now) || !c.Fresh(now, 0) {
					t.Errorf("remote %t, step %d: %q, %v, want %q", remote, i, got, err, step.halted)
				}
			}
		}
		for name, h := range map[string]Halt{
			"no reason": halt("acme", ""), "no tenant": halt("", "x"), "a path": halt("a/b", "x"), "a book": halt("acme", strings.Repeat("x", 501)),
			"never": {Tenant: "acme", Reason: "x", By: "ops"}, "nobody": {Tenant: "acme", Reason: "x", At: t0},
		} {
			if err := here.Halt(t.Context(), h); err == nil {
				t.Errorf("%s was written", name)
			}
		}
	}
}

// TestWhatCannotBeReadHalts spoils the branch in many ways. In none may anybody start anything.
func TestWhatCannotBeReadHalts(t *testing.T) {
	order := func(edit func(*Halt)) []byte {
		h := halt("acme", "smoke")
		h.Kind = KindUnhalt
		h = h.filled()
		edit(&h)
		raw, err := encode(h)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	good := order(func(*Halt) {})
	for name, files := range map[string]map[string][]byte{
		"no order":     {"README": []byte("x")},
		"text":         {haltFile: []byte("stop")},
		"a later form": {haltFile: order(func(h *Halt) { h.APIVersion = "ringfence.dev/v2" })},
		"a later kind": {haltFile: order(func(h *Halt) { h.Kind = "HaltSome" })},
		"a field more": {haltFile: []byte(strings.Replace(string(good), `"by"`, `"also":"*","by"`, 1))},
		"two values":   {haltFile: append(append([]byte{}, good...), good...)},
	} {
		s := newSite(t, bareRemote(t))
		w := OpenSwitch(s.repo, quick())
		if err := w.Halt(t.Context(), halt("globex", "smoke")); err != nil {
			t.Fatal(err)
		}
		spec := commitOf(git(t, s.bare, "rev-parse", controlRef), name)
		spec.Files = files
		bad, err := s.repo.Commit(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		git(t, s.dir, "push", "-q", "origin", bad+":"+controlRef)
		for _, r := range []*Switch{w, OpenSwitch(newSite(t, s.bare).repo, quick())} {
			c, err := r.ReadHalts(t.Context(), t0)
			if h, halted := c.Halted("acme"); !halted || h.Tenant != Everyone || !errors.Is(err, ErrBroken) {
				t.Errorf("%s: %+v, %v", name, c, err)
			}
			if err := r.Unhalt(t.Context(), halt("globex", "calm")); !errors.Is(err, ErrBroken) {
				t.Errorf("%s: Unhalt: %v", name, err)
			}
		}
	}
}

func TestAHaltThatDisappears(t *testing.T) {
	s := newSite(t, bareRemote(t))
	w := OpenSwitch(s.repo, quick())
	if err := w.Halt(t.Context(), halt("globex", "smoke")); err != nil {
		t.Fatal(err)
	}
	before := git(t, s.bare, "rev-parse", controlRef)
	if err := w.Halt(t.Context(), halt("acme", "smoke")); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"older": {"update-ref", controlRef, before}, "deleted": {"update-ref", "-d", controlRef}} {
		git(t, s.bare, args...)
		for _, r := range []*Switch{w, OpenSwitch(s.repo, quick())} {
			c, err := r.ReadHalts(t.Context(), t0)
			if _, halted := c.Halted("initech"); !halted || !errors.Is(err, ErrRewound) {
				t.Errorf("%s: %+v, %v", name, c, err)
			}
		}
	}
}

// TestASilentRemoteKeepsTheHalts reads with the remote gone: what was read last stands, with its time.
func TestASilentRemoteKeepsTheHalts(t *testing.T) {
	s := newSite(t, bareRemote(t))
	w := OpenSwitch(s.repo, quick())
	if err := w.Halt(t.Context(), halt("acme", "smoke")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ReadHalts(t.Context(), t0); err != nil {
		t.Fatal(err)
	}
	defer s.down(t)()
	later := t0.Add(4 * time.Minute)
	c, err := w.ReadHalts(t.Context(), later)
	if whoHalts(c) != "acme: smoke" || !errors.Is(err, ErrRemoteDown) || !c.Fresh(later, 5*time.Minute) || c.Fresh(later, 3*time.Minute) {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = OpenSwitch(s.repo, quick()).ReadHalts(t.Context(), later) // another process
	if whoHalts(c) != "acme: smoke" || !errors.Is(err, ErrRemoteDown) || c.Fresh(later, time.Hour) {
		t.Errorf("%+v, %v", c, err)
	}
	if err := w.Halt(t.Context(), halt("acme", "fire")); !errors.Is(err, ErrRemoteDown) {
		t.Errorf("Halt: %v", err)
	}
}

// TestAHaltIsNotLiftedUnseen lets a second halt come in while somebody lifts the first.
func TestAHaltIsNotLiftedUnseen(t *testing.T) {
	s := newSite(t, bareRemote(t))
	other := OpenSwitch(newSite(t, s.bare).repo, quick())
	o := quick()
	meddle := false
	o.Sign = func([]byte) ([]byte, error) { // between reading and pushing
		if meddle {
			meddle = false
			return []byte("x\n"), other.Halt(t.Context(), halt("acme", "fire"))
		}
		return []byte("x\n"), nil
	}
	w := OpenSwitch(s.repo, o)
	if err := w.Halt(t.Context(), halt("acme", "smoke")); err != nil {
		t.Fatal(err)
	}
	meddle = true
	if err := w.Unhalt(t.Context(), halt("acme", "calm")); !errors.Is(err, ErrMoved) {
		t.Errorf("Unhalt: %v", err)
	}
	c, err := w.ReadHalts(t.Context(), t0)
	if err != nil || len(c.Halts) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestOnlyTrustedOrdersLiftAHalt(t *testing.T) {
	s := newSite(t, bareRemote(t))
	unsigned, signed := OpenSwitch(s.repo, quick()), quick()
	signed.Sign = func([]byte) ([]byte, error) { return []byte("signature\n"), nil }
	r := OpenSwitch(newSite(t, s.bare).repo, quick())
	r.Trust = func(_ context.Context, commit string) error {
		if _, armored, err := r.repo.Signature(commit); err != nil || armored == nil {
			return errors.New("unsigned")
		}
		return nil
	}
	for i, step := range []struct {
		order  func(context.Context, Halt) error
		halted string
	}{
		{unsigned.Halt, "acme: x"},
		{unsigned.Unhalt, "acme: x"},
		{unsigned.Halt, "acme: x"},
		{OpenSwitch(s.repo, signed).Unhalt, ""},
	} {
		if err := step.order(t.Context(), halt("acme", "x")); err != nil {
			t.Fatal(err)
		}
		if c, err := r.ReadHalts(t.Context(), t0); err != nil || whoHalts(c) != step.halted {
			t.Errorf("step %d: %q, %v", i, whoHalts(c), err)
		}
	}
}

func TestAShallowControlBranchHalts(t *testing.T) {
	s := newSite(t, bareRemote(t))
	w := OpenSwitch(s.repo, quick())
	for _, h := range []Halt{halt("acme", "a"), halt("globex", "b")} {
		if err := w.Halt(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	clone := t.TempDir()
	git(t, clone, "clone", "-q", "--bare", "--depth=1", "--branch=ringfence/control", "file://"+s.bare, clone)
	repo, err := gitrepo.Open(t.Context(), clone)
	if err != nil {
		t.Fatal(err)
	}
	c, err := OpenSwitch(repo, Options{}).ReadHalts(t.Context(), t0)
	if _, halted := c.Halted("initech"); !halted || !errors.Is(err, ErrBroken) {
		t.Errorf("%+v, %v", c, err)
	}
}

func FuzzDecodeHalt(f *testing.F) {
	h := halt("*", "smoke")
	h.Kind = KindHalt
	raw, err := encode(h.filled())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := DecodeHalt(raw)
		if err != nil {
			return
		}
		again, err := encode(h.filled())
		if err != nil {
			t.Fatal(err)
		}
		if other, err := DecodeHalt(again); err != nil || other != h.filled() {
			t.Errorf("written again it is %+v, %v", other, err)
		}
	})
}
