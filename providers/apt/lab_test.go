//go:build linux

package apt

import (
	"context"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringfence/ringfence/internal/lab"
	"github.com/ringfence/ringfence/internal/transport"
	"github.com/ringfence/ringfence/providers"
)

var record = flag.Bool("record", false, "rewrite testdata from real hosts")

// TestMain enters the lab's namespaces, but not to fuzz: a fuzz worker talks to its parent over inherited pipes.
func TestMain(m *testing.M) {
	if slices.ContainsFunc(os.Args, func(a string) bool { return strings.HasPrefix(a, "-test.fuzz") }) {
		os.Exit(m.Run())
	}
	lab.Main(m)
}

// stage is what makes a host's story: before the first scan, and before later phases.
type stage struct {
	comment string
	old     []string // packages to install in their old version
	suites  []string
	setUp   func(context.Context, *lab.Lab, *lab.Host) error
	between map[string]func(context.Context, *lab.Lab, *lab.Host) error
}

func shell(script string) func(context.Context, *lab.Lab, *lab.Host) error {
	return func(ctx context.Context, _ *lab.Lab, h *lab.Host) error {
		_, err := h.Shell(ctx, script)
		return err
	}
}

func before(phase string, do func(context.Context, *lab.Lab, *lab.Host) error) map[string]func(context.Context, *lab.Lab, *lab.Host) error {
	return map[string]func(context.Context, *lab.Lab, *lab.Host) error{phase: do}
}

func suite(comment string, pkgs ...string) stage {
	return stage{comment: comment, old: pkgs, suites: pkgs[:1]}
}

func (s stage) with(setUp func(context.Context, *lab.Lab, *lab.Host) error) stage {
	s.setUp = setUp
	return s
}

func (s stage) then(phase string, do func(context.Context, *lab.Lab, *lab.Host) error) stage {
	s.between = before(phase, do)
	return s
}

var stages = map[string]stage{
	"real":            {comment: "Four genuine security updates, one of which is installed."},
	"done-before":     suite("Somebody else installed the target between preview and apply.", "lab-good").then(phaseApply, shell("DEBIAN_FRONTEND=noninteractive apt-get -qq -y install lab-good=1.1 >/dev/null")),
	"badpost":         suite("The postinst fails: the package stays half-configured at the new version, which apt takes for installed.", "lab-badpost"),
	"badpre":          suite("The preinst fails: the old version stays.", "lab-badpre"),
	"held":            suite("The administrator holds the package: missing, but not to be touched.", "lab-held").with(func(ctx context.Context, _ *lab.Lab, h *lab.Host) error { return h.Hold(ctx, "lab-held") }),
	"newdep":          suite("The new version needs a package that the plan does not name.", "lab-newdep"),
	"newdep-closure":  suite("The new version needs a package, and the plan names it.", "lab-newdep"),
	"remover":         suite("The new version removes a package that the plan does not name.", "lab-remover", "lab-victim"),
	"remover-closure": suite("The new version removes a package, and the plan names it.", "lab-remover", "lab-victim"),
	"phased":          suite("A phased update that this host is not offered yet is not missing.", "lab-phased"),
	"unsigned":        suite("A repository without signature.", "lab-good").source("lab-unsigned"),
	"wrongkey":        suite("A repository signed by a stranger.", "lab-good").source("lab-wrongkey"),
	"expired":         suite("A repository that stopped being updated.", "lab-good").source("lab-expired"),
	"security-expired": {comment: "The security repository stopped being updated after the host had seen it once.", setUp: func(ctx context.Context, l *lab.Lab, h *lab.Host) error {
		_, err := h.Run(ctx, "apt-get", "-qq", "update")
		l.Mirror.Replace("bookworm-security", "security-expired")
		return err
	}},
	"mirror-down": {comment: "The mirror answers with 503 for one of two repositories.", setUp: func(_ context.Context, l *lab.Lab, _ *lab.Host) error {
		l.Mirror.SetFault(lab.Fault{Kind: lab.Status, N: 503, Only: "bookworm-security/InRelease"})
		return nil
	}},
	"trusted-source": {comment: "A source is exempt from verification.", setUp: shell(`echo 'deb [trusted=yes] http://labrepo/ lab-unsigned main' >/etc/apt/sources.list.d/trusted.list`)},
	"conffile":       suite("The administrator edited a configuration file: it is kept.", "lab-conffile").with(func(_ context.Context, _ *lab.Lab, h *lab.Host) error { return h.EditConffile() }),
	"debconf":        suite("The package asks a question, which nobody answers.", "lab-debconf"),
	"reboot":         suite("The package asks for a reboot.", "lab-reboot"),
	"badhash":        suite("The mirror serves other bytes than the index promises.", "lab-badhash"),
	"gone":           suite("The index names a package that the mirror no longer has.", "lab-gone"),
	"vanished": suite("The mirror moved on, and something on the host refreshed the indexes after the plan.", "lab-good").then(phaseApply, func(ctx context.Context, l *lab.Lab, h *lab.Host) error {
		l.Mirror.Replace("lab-good", "lab-good-next")
		_, err := h.Run(ctx, "apt-get", "-qq", "update")
		return err
	}),
	"cut": suite("The connection to the mirror breaks in every download.", "lab-big").then(phaseApply, func(_ context.Context, l *lab.Lab, _ *lab.Host) error {
		l.Mirror.SetFault(lab.Fault{Kind: lab.Cut, N: 1000, Only: ".deb"})
		return nil
	}),
	"lock": suite("Another package manager holds dpkg's lock for longer than apt-get waits.", "lab-good").then(phaseApply, func(ctx context.Context, _ *lab.Lab, h *lab.Host) error {
		_, err := h.LockDpkg(ctx, time.Minute)
		return err
	}),
	"interrupted": suite("dpkg was killed in the middle of another package.", "lab-good").then(phaseApply, func(ctx context.Context, _ *lab.Lab, h *lab.Host) error { return h.Interrupt(ctx) }),
	"diskfull":    suite("There is no room for downloads.", "lab-big").then(phaseApply, func(ctx context.Context, _ *lab.Lab, h *lab.Host) error { return h.DiskFull(ctx, "") }),
	"rootfull":    suite("There is no room to unpack.", "lab-big").then(phaseApply, func(ctx context.Context, _ *lab.Lab, h *lab.Host) error { return h.DiskFull(ctx, "/usr/share/lab-big") }),
	"changed":     suite("The host is at another version than the plan says.", "lab-good"),
	"downgrade":   suite("The plan names an older version than the host has.", "lab-good").with(shell("apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq -y install lab-good=1.1 >/dev/null")),
}

func (s stage) source(name string) stage {
	s.suites = []string{name}
	return s
}

// TestLab tells the stories on real hosts, over ssh as a user who may sudo, and expects what the recordings say.
// With -record it writes the recordings anew.
func TestLab(t *testing.T) {
	lab.Require(t)
	l, err := lab.Up(t.Context(), lab.Config{Hosts: len(stories)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Down()
	for i, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			defer l.Mirror.SetFault(lab.Fault{})
			defer func() { l.Mirror.Replace("bookworm-security", ""); l.Mirror.Replace("lab-good", "") }()
			tellOnHost(t, l, l.Host(i+1), s)
		})
	}
}

func tellOnHost(t *testing.T, l *lab.Lab, h *lab.Host, s story) {
	st, ok := stages[s.name]
	if !ok {
		t.Fatal("no stage is set for this story")
	}
	if err := st.set(t.Context(), l, h); err != nil {
		t.Fatal(err)
	}
	rec := &recorder{Exec: broker(t, l, h), base: recording{}, said: recording{}, phase: phaseScan}
	if s.name != stories[0].name || !*record {
		rec.base = loadRecording(t, "base")
	}
	between := func(phase string) error {
		rec.phase = phase
		if do := st.between[phase]; do != nil {
			return do(t.Context(), l, h)
		}
		return nil
	}
	got, err := teller{s, rec, between}.tell(t.Context())
	if err != nil || rec.err != nil {
		t.Fatal(err, rec.err)
	}
	if *record {
		save(t, rec.said, s.name, st.comment, got)
		return
	}
	if d := cmp.Diff(loadRecording(t, s.name).want(), got); d != "" {
		t.Errorf("(-recorded +this host)\n%s", d)
	}
}

// TestLabLostConnection cuts the connection while dpkg works. The provider must not claim to know the outcome; the
// host goes on and finishes, which the next look at it shows.
func TestLabLostConnection(t *testing.T) {
	lab.Require(t)
	l, err := lab.Up(t.Context(), lab.Config{Hosts: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Down()
	h, ctx := l.Host(1), t.Context()
	if err := suite("", "lab-slow").set(ctx, l, h); err != nil {
		t.Fatal(err)
	}
	if _, err := New().Scan(ctx, providers.ScanRequest{Refresh: true}, broker(t, l, h)); err != nil {
		t.Fatal(err)
	}
	cut := make(chan error)
	go func() {
		_, err := h.Shell(ctx, "until pgrep -f lab-slow.postins[t]; do sleep 0.1; done")
		if err == nil {
			err = h.DropSessions(ctx)
		}
		cut <- err
	}()
	target := providers.Target{Name: "lab-slow", Arch: "all", From: "1.0", To: "1.1"}
	r, _ := New().Apply(ctx, providers.ChangeRequest{ActionID: "a1", Targets: []providers.Target{target}}, broker(t, l, h))
	if err := <-cut; err != nil || r.State != providers.InDoubt {
		t.Fatalf("%v: %s, %s", err, r.State, r.Reason)
	}
	if _, err := h.Shell(ctx, "while pgrep -x 'apt-get|dpkg'; do sleep 0.1; done"); err != nil {
		t.Fatal(err)
	}
	r, _ = New().Apply(ctx, providers.ChangeRequest{ActionID: "a2", Targets: []providers.Target{target}}, broker(t, l, h))
	if r.State != providers.Done || len(r.Actions) != 0 {
		t.Errorf("after the loss: %s, %v, %s", r.State, r.Actions, r.Reason)
	}
}

// set brings the host to where its story begins.
func (s stage) set(ctx context.Context, l *lab.Lab, h *lab.Host) error {
	for _, p := range s.old {
		if err := h.InstallOld(ctx, p); err != nil {
			return err
		}
	}
	for _, name := range s.suites {
		if err := h.AddSuite(name); err != nil {
			return err
		}
	}
	if s.setUp != nil {
		return s.setUp(ctx, l, h)
	}
	return nil
}

// broker runs the allow-list on the host as the core does, but for the patience with dpkg's lock.
func broker(t *testing.T, l *lab.Lab, h *lab.Host) providers.Exec {
	t.Helper()
	env := map[string]string{"RINGFENCE_SSH_KEY": l.ClientKey()}
	dialer, err := transport.NewSSH(transport.Config{
		Tenant: "lab", KnownHosts: []byte(l.KnownHosts()), Home: t.TempDir(), User: "patch", Getenv: func(k string) string { return env[k] },
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := dialer.Dial(t.Context(), transport.Target{Tenant: "lab", Name: h.Name, Address: h.Addr, User: "patch"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	d, err := New().Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range d.Commands {
		if i := slices.Index(c.Argv, "DPkg::Lock::Timeout="+LockTimeout); i >= 0 {
			c.Argv[i] = "DPkg::Lock::Timeout=1"
		}
	}
	return transport.NewBroker(conn, d, transport.Options{})
}

// save writes the recording of a story; the first story's first scan is the base of all.
func save(t *testing.T, said recording, name, comment string, got map[string]string) {
	t.Helper()
	if name == stories[0].name {
		base := recording{}
		for key, text := range said {
			if command, ok := strings.CutPrefix(key, phaseScan+"/"); ok {
				base["base/"+command] = text
				delete(said, key)
			}
		}
		if err := base.save("base", "What every host says unless its own recording says otherwise."); err != nil {
			t.Fatal(err)
		}
	}
	for phase, text := range got {
		said["want/"+phase] = text
	}
	if err := said.save(name, comment); err != nil {
		t.Fatal(err)
	}
}
