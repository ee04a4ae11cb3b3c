package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/runner"
)

// shelf is a provider of a few packages, all of which lack version 2. It reaches its fleet itself.
type shelf struct {
	providers.Provider
	installed map[string]string
	asked     []string // what Apply was asked for, and "scan"
	result    *providers.Result
	err       error
	scanErr   error
	pending   bool
}

func newShelf(packages ...string) *shelf {
	s := &shelf{installed: map[string]string{}}
	for _, p := range packages {
		s.installed[p] = "1"
	}
	return s
}

func (s *shelf) Scan(context.Context, providers.ScanRequest, providers.Exec) (providers.HostScan, error) {
	s.asked = append(s.asked, "scan")
	scan := providers.HostScan{OS: "debian 12", BootID: "boot", RebootPending: s.pending}
	for name, v := range s.installed {
		scan.Installed = append(scan.Installed, providers.Package{Name: name, Version: v})
		if v == "1" {
			scan.Missing = append(scan.Missing, providers.Missing{From: v, Update: providers.Update{PURL: purl(name), Name: name, Version: "2"}})
		}
	}
	return scan, s.scanErr
}

func (s *shelf) Preview(_ context.Context, r providers.ChangeRequest, _ providers.Exec) (providers.Preview, error) {
	var out providers.Preview
	for _, t := range r.Targets {
		out.Actions = append(out.Actions, providers.Action{Op: providers.Upgrade, Name: t.Name, To: t.To})
	}
	return out, nil
}

func (s *shelf) Apply(_ context.Context, r providers.ChangeRequest, _ providers.Exec) (providers.Result, error) {
	for _, t := range r.Targets {
		s.asked = append(s.asked, t.Name)
	}
	if s.result != nil || s.err != nil {
		if s.result == nil {
			s.result = &providers.Result{}
		}
		return *s.result, s.err
	}
	for _, t := range r.Targets {
		s.installed[t.Name] = t.To
	}
	return providers.Result{State: providers.Done}, nil
}

func (s *shelf) Reboot(context.Context, providers.HostRef, providers.Exec) error {
	s.asked = append(s.asked, "reboot")
	return nil
}

func purl(name string) string { return "pkg:generic/" + name + "@2" }

func change(names ...string) providers.ChangeRequest {
	r := providers.ChangeRequest{ActionID: "a"}
	for _, n := range names {
		r.Targets = append(r.Targets, providers.Target{PURL: purl(n), Name: n, From: "1", To: "2"})
	}
	return r
}

// shelved opens a session with a host that has the providers defs and os; os reboots it.
func shelved(t *testing.T, defs, os *shelf) (*Fleet, runner.Session) {
	t.Helper()
	f := New(Config{})
	for name, s := range map[string]*shelf{"defs": defs, "os": os} {
		p := &started{plugin: s, name: name, desc: providers.Description{Connection: providers.ConnectNone, CanReboot: name == "os"}}
		f.running[name] = func() (*started, error) { return p, nil }
	}
	return f, reopened(t, f)
}

func reopened(t *testing.T, f *Fleet) runner.Session {
	t.Helper()
	s, err := f.Open(t.Context(), policy.Host{Name: "h", Providers: []string{"defs", "os"}}, runner.Claim{ID: "a"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSeveralProvidersAreOne: a scan joins what they see, a change goes to whoever lists the update, whether this process
// has scanned the host before or not, and the one that can reboot reboots.
func TestSeveralProvidersAreOne(t *testing.T) {
	for _, scanned := range []bool{false, true} {
		defs, os := newShelf("signatures"), newShelf("openssl", "bash")
		os.pending = true
		_, s := shelved(t, defs, os)
		if scanned {
			scan, err := s.Provider.Scan(t.Context(), providers.ScanRequest{}, nil)
			if err != nil || len(scan.Installed) != 3 || len(scan.Missing) != 3 || !scan.RebootPending || s.Started() {
				t.Errorf("%+v %v", scan, err)
			}
		}
		p, err := s.Provider.Preview(t.Context(), change("openssl", "signatures"), nil)
		if err != nil || len(p.Actions) != 2 || p.Actions[0].Name != "openssl" {
			t.Errorf("%+v %v", p, err)
		}
		res, err := s.Provider.Apply(t.Context(), change("openssl", "signatures"), nil)
		if err != nil || res.State != providers.Done || !s.Started() {
			t.Errorf("%+v %v", res, err)
		}
		if got := fmt.Sprint(defs.asked, os.asked); got != "[scan signatures] [scan openssl]" {
			t.Errorf("scanned %t: %s", scanned, got)
		}
		if err := s.Provider.(providers.Rebooter).Reboot(t.Context(), providers.HostRef{}, nil); err != nil || os.asked[len(os.asked)-1] != "reboot" {
			t.Errorf("%v %v", err, os.asked)
		}
	}
}

// TestDoneIsDone: another process asks for a change of which one part is installed already.
func TestDoneIsDone(t *testing.T) {
	defs, os := newShelf("signatures"), newShelf("openssl")
	defs.installed["signatures"] = "2"
	_, s := shelved(t, defs, os)
	if res, err := s.Provider.Apply(t.Context(), change("openssl", "signatures"), nil); err != nil || res.State != providers.Done {
		t.Errorf("%+v %v", res, err)
	}
}

func TestOneFailureHidesNoOther(t *testing.T) {
	crash := fmt.Errorf("apply: %w", providers.ErrCrashed)
	for name, c := range map[string]struct {
		result  *providers.Result
		err     error
		targets []string
		want    providers.HostState // "": an error
		os      bool                // the second provider had its turn
	}{
		"fails":         {result: &providers.Result{State: providers.Untouched, Reason: "no space"}, want: providers.Partial, os: true},
		"half":          {result: &providers.Result{State: providers.Partial}, want: providers.Partial, os: true},
		"in doubt":      {result: &providers.Result{State: providers.InDoubt}, want: providers.InDoubt},
		"crashes":       {err: crash},
		"nobody's":      {targets: []string{"openssl", "signatures", "lost"}, want: providers.Partial, os: true},
		"nobody's only": {targets: []string{"lost"}, want: providers.Untouched},
	} {
		t.Run(name, func(t *testing.T) {
			defs, os := newShelf("signatures"), newShelf("openssl")
			defs.result, defs.err = c.result, c.err
			_, s := shelved(t, defs, os)
			if c.targets == nil {
				c.targets = []string{"openssl", "signatures"}
			}
			res, err := s.Provider.Apply(t.Context(), change(c.targets...), nil)
			if (err != nil) != (c.want == "") || res.State != c.want || slices.Contains(os.asked, "openssl") != c.os {
				t.Errorf("%+v %v, os was asked for %v", res, err, os.asked)
			}
			if c.want == providers.Partial && !strings.Contains(res.Reason, ": ") {
				t.Errorf("the reason names no provider: %q", res.Reason)
			}
		})
	}
}

// TestADeadOneOfSeveral: hosts whose session was open when a provider died get the parts of the others, and no session
// opens any more.
func TestADeadOneOfSeveral(t *testing.T) {
	defs, os := newShelf("signatures"), newShelf("openssl")
	f, s := shelved(t, defs, os)
	if _, err := s.Provider.Scan(t.Context(), providers.ScanRequest{}, nil); err != nil {
		t.Fatal(err)
	}
	p, _ := f.provider(t.Context(), "defs")
	p.crash.note(providers.ErrCrashed)
	if res, err := s.Provider.Apply(t.Context(), change("openssl", "signatures"), nil); err != nil || res.State != providers.Partial || os.installed["openssl"] != "2" {
		t.Errorf("%+v %v", res, err)
	}
	if _, err := f.Open(t.Context(), policy.Host{Providers: []string{"defs", "os"}}, runner.Claim{}); !errors.Is(err, runner.ErrProvider) {
		t.Errorf("%v", err)
	}
}

// TestNoWordOverAnothers: a provider that cannot see its part, or that speaks of another's packages, makes the host
// unscanned; it cannot make a missing update look installed.
func TestNoWordOverAnothers(t *testing.T) {
	defs, os := newShelf("signatures"), newShelf("openssl")
	defs.scanErr = providers.ErrUnreachable
	_, s := shelved(t, defs, os)
	if _, err := s.Provider.Scan(t.Context(), providers.ScanRequest{}, nil); !errors.Is(err, providers.ErrUnreachable) {
		t.Errorf("%v", err)
	}
	defs.scanErr, defs.installed["openssl"] = nil, "2"
	if _, err := s.Provider.Scan(t.Context(), providers.ScanRequest{}, nil); err == nil {
		t.Error("openssl in two versions")
	}
}
