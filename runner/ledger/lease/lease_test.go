package lease

import (
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

func want(holder string, ends time.Time) Held {
	return Held{Tenant: "acme", Site: "main", Holder: holder, Run: "r-" + holder, Link: "https://ci/" + holder, Expires: ends}
}

// everyPlace runs a test with leases in one repository, and with leases on a remote.
func everyPlace(t *testing.T, test func(t *testing.T, open func() *Store, bare string)) {
	t.Run("local", func(t *testing.T) {
		repo, dir := remotetest.Repository(t)
		test(t, func() *Store { return Open(repo, remote.Options{}) }, dir)
	})
	t.Run("remote", func(t *testing.T) {
		bare := remotetest.Bare(t)
		test(t, func() *Store { return Open(remotetest.NewSite(t, bare).Repo, remotetest.Quick()) }, bare)
	})
}

func TestALeaseFromHandToHand(t *testing.T) {
	everyPlace(t, func(t *testing.T, open func() *Store, _ string) {
		ctx, now := t.Context(), t0
		a, b := open(), open()
		mine, err := a.Acquire(ctx, now, want("a", now.Add(5*time.Minute)))
		if err != nil || mine.Fence != 1 || !mine.Valid(now) || mine.Valid(now.Add(5*time.Minute)) {
			t.Fatalf("Acquire() = %+v, %v", mine, err)
		}
		held := func(who string, err error) {
			t.Helper()
			var h *HeldError
			if !errors.As(err, &h) || h.Lease.Holder != who {
				t.Errorf("%v, want it held by %s", err, who)
			}
		}
		_, err = b.Acquire(ctx, now, want("b", now.Add(time.Hour)))
		held("a", err)
		if !strings.Contains(err.Error(), "a holds the lease of acme/main for run r-a until 2026-11-21T22:05:00Z (fence 1), see https://ci/a") {
			t.Errorf("the message is %q", err)
		}
		_, err = a.Acquire(ctx, now, want("a", now.Add(time.Hour))) // a twin of the same name
		held("a", err)
		if mine, err = a.Renew(ctx, now, mine, now.Add(10*time.Minute)); err != nil || mine.Fence != 1 {
			t.Fatalf("Renew() = %+v, %v", mine, err)
		}
		now = mine.Expires.Add(defaultMargin) // expired, but perhaps not by the holder's clock
		_, err = b.Acquire(ctx, now, want("b", now.Add(time.Hour)))
		held("a", err)
		now = now.Add(time.Second)
		theirs, err := b.Acquire(ctx, now, want("b", now.Add(time.Hour)))
		if err != nil || theirs.Fence != 2 {
			t.Fatalf("take over: %+v, %v", theirs, err)
		}
		_, err = a.Renew(ctx, now, mine, now.Add(time.Hour))
		held("b", err)
		if err := a.Release(ctx, now, mine); err != nil {
			t.Errorf("release of what was lost: %v", err)
		}
		checkTombstone(t, now, a, b, theirs)
	})
}

// checkTombstone releases a lease and expects its number to stay taken.
func checkTombstone(t *testing.T, now time.Time, a, b *Store, held Held) {
	t.Helper()
	if err := b.Release(t.Context(), now, held); err != nil {
		t.Fatal(err)
	}
	if err := b.Release(t.Context(), now, held); err != nil {
		t.Errorf("released twice: %v", err)
	}
	if _, err := b.Renew(t.Context(), now, held, now.Add(time.Hour)); err == nil || !strings.Contains(err.Error(), "was released") {
		t.Errorf("Renew after Release: %v", err)
	}
	locks, err := a.Locks(t.Context())
	if err != nil || len(locks) != 1 || !locks[0].Released || locks[0].Fence != 2 || locks[0].Valid(now) {
		t.Errorf("Locks() = %+v, %v", locks, err)
	}
	next, err := a.Acquire(t.Context(), now, want("a", now.Add(time.Minute)))
	if err != nil || next.Fence != 3 {
		t.Errorf("Acquire() = %+v, %v", next, err)
	}
}

func TestFencesOutlastTheRef(t *testing.T) {
	everyPlace(t, func(t *testing.T, open func() *Store, bare string) {
		a := open()
		w := want("a", t0.Add(time.Hour))
		w.Fence = 7
		mine, err := a.Acquire(t.Context(), t0, w)
		if err != nil || mine.Fence != 8 {
			t.Fatalf("Acquire() = %+v, %v", mine, err)
		}
		gittest.Run(t, bare, "update-ref", "-d", refOf("acme", "main"))
		if _, err := a.Renew(t.Context(), t0, mine, t0.Add(2*time.Hour)); err == nil || !strings.Contains(err.Error(), "deleted its ref") {
			t.Errorf("Renew: %v", err)
		}
		w.Fence = 8 // the ledger has it from mine's records
		if again, err := a.Acquire(t.Context(), t0, w); err != nil || again.Fence != 9 {
			t.Errorf("Acquire() = %+v, %v", again, err)
		}
	})
}

// TestOddLeases puts what is no lease in its place. Nobody may take it for a free one.
func TestOddLeases(t *testing.T) {
	everyPlace(t, func(t *testing.T, open func() *Store, bare string) {
		s := open()
		mine, err := s.Acquire(t.Context(), t0, want("a", t0.Add(time.Minute)))
		if err != nil {
			t.Fatal(err)
		}
		far, err := gitrepo.Open(t.Context(), bare)
		if err != nil {
			t.Fatal(err)
		}
		odd := map[string][]byte{}
		for name, edit := range map[string]func(*Held){
			"zero": func(l *Held) { l.Fence = 0 }, "other": func(l *Held) { l.Site = "branch" }, "newer": func(l *Held) { l.APIVersion = "ringfence.dev/v2" },
		} {
			l := mine
			edit(&l)
			odd[name], _ = ledger.Encode(l)
		}
		odd["text"], odd["field"] = []byte("hello"), []byte(strings.Replace(string(odd["other"]), `"fence"`, `"aim":1,"fence"`, 1))
		for name, raw := range odd {
			c := remotetest.Odd("", name, t0)
			c.Files = map[string][]byte{file: raw}
			bad, err := far.Commit(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			gittest.Run(t, bare, "update-ref", refOf("acme", "main"), bad)
			if _, err := s.Acquire(t.Context(), t0.AddDate(1, 0, 0), want("b", t0.AddDate(2, 0, 0))); !errors.Is(err, ledger.ErrBroken) {
				t.Errorf("%s: Acquire: %v", name, err)
			}
			if _, err := s.Renew(t.Context(), t0, mine, t0.Add(time.Hour)); !errors.Is(err, ledger.ErrBroken) {
				t.Errorf("%s: Renew: %v", name, err)
			}
			if locks, err := s.Locks(t.Context()); !errors.Is(err, ledger.ErrBroken) || len(locks) != 0 {
				t.Errorf("%s: Locks() = %+v, %v", name, locks, err)
			}
		}
	})
	s := Open(remotetest.NewSite(t, remotetest.Bare(t)).Repo, remote.Options{})
	for name, edit := range map[string]func(*Held){
		"no tenant": func(l *Held) { l.Tenant = "" }, "a path": func(l *Held) { l.Site = "../x" }, "nobody": func(l *Held) { l.Holder = "" },
		"no end": func(l *Held) { l.Expires = t0 }, "a book": func(l *Held) { l.Link = strings.Repeat("x", 1000) },
	} {
		w := want("a", t0.Add(time.Hour))
		if edit(&w); w.check() == nil {
			t.Errorf("%s passes", name)
		}
		if l, err := s.Acquire(t.Context(), t0, w); err == nil {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func TestLocksListsAll(t *testing.T) {
	everyPlace(t, func(t *testing.T, open func() *Store, _ string) {
		a := open()
		for _, place := range []string{"b/main", "a/branch", "a/main"} {
			w := want("x", t0.Add(time.Hour))
			w.Tenant, w.Site, _ = strings.Cut(place, "/")
			if _, err := a.Acquire(t.Context(), t0, w); err != nil {
				t.Fatal(err)
			}
		}
		locks, err := open().Locks(t.Context())
		var got []string
		for _, l := range locks {
			got = append(got, l.Tenant+"/"+l.Site)
		}
		if err != nil || strings.Join(got, " ") != "a/branch a/main b/main" {
			t.Errorf("Locks() = %v, %v", got, err)
		}
		if len(locks) == 3 { // whoever may see a lease may take it away, and its holder notices
			if err := a.Release(t.Context(), t0, locks[0]); err != nil {
				t.Error(err)
			}
			if _, err := a.Renew(t.Context(), t0, locks[0], t0.Add(2*time.Hour)); err == nil {
				t.Error("renewed a lease that was taken away")
			}
		}
	})
}

func TestALostRenewalIsStillOurs(t *testing.T) {
	a := remotetest.NewSite(t, remotetest.Bare(t))
	s := Open(a.Repo, remotetest.Quick())
	mine, err := s.Acquire(t.Context(), t0, want("a", t0.Add(time.Minute)))
	if err != nil {
		t.Fatal(err)
	}
	remove := a.Hook(t, "reference-transaction", `if [ "$1" = committed ]; then kill -9 $PPID; fi`)
	if _, err := s.Renew(t.Context(), t0, mine, t0.Add(2*time.Minute)); !errors.Is(err, gitrepo.ErrRemoteDown) {
		t.Errorf("Renew: %v", err)
	}
	remove()
	if got, err := s.Renew(t.Context(), t0, mine, t0.Add(3*time.Minute)); err != nil || got.Fence != 1 || !got.Expires.Equal(t0.Add(3*time.Minute)) {
		t.Errorf("Renew() = %+v, %v", got, err)
	}
	up := a.Down(t)
	if _, err := s.Acquire(t.Context(), t0, want("b", t0.Add(time.Hour))); !errors.Is(err, gitrepo.ErrRemoteDown) {
		t.Errorf("Acquire: %v", err)
	}
	up()
}
