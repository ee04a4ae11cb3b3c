package apt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/providers"
)

// healthStories are told from recordings (TestRecordedHealth) and by real hosts (TestLabHealth).
var healthStories = []string{"health/well", "health/half", "health/units", "health/full"}

func healthWords(checks []providers.Check, err error) string {
	if err != nil {
		return "error: " + normal(err.Error()) + "\n"
	}
	var lines []string
	for _, c := range checks {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", c.Name, c.State, normal(c.Detail))))
	}
	return text(lines)
}

func health(t *testing.T, x providers.Exec) ([]providers.Check, error) {
	t.Helper()
	return New().Health(t.Context(), providers.HealthRequest{}, x)
}

func TestRecordedHealth(t *testing.T) {
	base := loadRecording(t, "base")
	for _, name := range healthStories {
		t.Run(name, func(t *testing.T) {
			r := loadRecording(t, name)
			if got, want := healthWords(health(t, play(t, base, r).exec)), r["want/scan"]; got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// TestUnits goes by what systemctl prints, on hosts that the lab cannot be.
func TestUnits(t *testing.T) {
	const failed = "nginx.service                 loaded    failed failed A high performance web server\n" +
		"run-user-0.mount              not-found failed failed run-user-0.mount\n" +
		`dev-disk-by\x2dlabel-a.swap   loaded    failed failed` + "\n"
	many := ""
	for i := range maxUnits + 3 {
		many += fmt.Sprintf("job@%02d.service loaded failed failed\n", i)
	}
	for name, c := range map[string]struct {
		system providers.Output
		units  providers.Output
		want   []string
	}{
		"running":          {out("running\n"), out(""), []string{"units ok"}},
		"degraded":         {providers.Output{Stdout: []byte("degraded\n"), ExitCode: 1}, out(failed), []string{"units ok", `unit dev-disk-by\x2dlabel-a.swap failing systemd says: failed`, "unit nginx.service failing systemd says: failed", "unit run-user-0.mount failing systemd says: failed"}},
		"still starting":   {providers.Output{Stdout: []byte("starting\n"), ExitCode: 1}, out(""), []string{"units unknown systemd is starting"}},
		"rescue":           {providers.Output{Stdout: []byte("maintenance\n"), ExitCode: 1}, out(""), []string{"units failing systemd is in maintenance: the rescue or emergency target is active"}},
		"no systemd":       {providers.Output{Stdout: []byte("offline\n"), ExitCode: 1}, out(""), []string{"units ok not applicable: systemd does not run here"}},
		"no systemctl":     {providers.Output{Stderr: []byte("env: ‘systemctl’: No such file or directory\n"), ExitCode: 127}, out(""), []string{"units ok not applicable: systemd does not run here"}},
		"no answer":        {providers.Output{Stderr: []byte("Failed to connect to bus: Connection refused\n"), ExitCode: 1}, out(""), []string{"units unknown systemd is unknown"}},
		"another language": {out("running\n"), out("● nginx.service loaded failed failed web\n"), []string{`units unknown apt: cannot read a failed unit in "● nginx.service loaded failed failed web"`}},
		"too many":         {providers.Output{Stdout: []byte("degraded\n"), ExitCode: 1}, out(many), nil},
		"cut":              {out("running\n"), providers.Output{Truncated: true}, []string{"units unknown apt: failed-units: the output is longer than the limit and was cut"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := play(t, loadRecording(t, "base"), loadRecording(t, "health/well"))
			p.exec.On(cmdSystem, nil, c.system).On(cmdFailedUnits, nil, c.units)
			checks, err := unitHealth(t.Context(), p.exec)
			if err != nil {
				t.Fatal(err)
			}
			if c.want == nil {
				if len(checks) != 1+maxUnits || checks[0].State != providers.CheckFailing || checks[0].Detail != "3 more units failed" {
					t.Errorf("%d checks, the first %+v", len(checks), checks[0])
				}
				return
			}
			if got := strings.Split(strings.TrimSuffix(healthWords(checks, nil), "\n"), "\n"); !slices.Equal(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestSpace(t *testing.T) {
	const head = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n"
	row := func(device, all, free, at string) string {
		return device + " " + all + " 0 " + free + " 1% " + at + "\n"
	}
	for name, c := range map[string]struct{ text, want string }{
		"enough":               {head + row("/dev/vda1", "100000", "65536", "/") + row("/dev/vda2", "100000", "65536", "/var"), "space / ok\nspace /var ok\n"},
		"little":               {head + row("/dev/vda1", "100000", "65536", "/") + row("my server:/ex port", "100000", "65535", "/var"), "space / ok\nspace /var failing less than 64 MiB are free\n"},
		"beyond the reserve":   {head + row("/dev/vda1", "100000", "-5", "/") + row("/dev/vda1", "100000", "-5", "/"), "space / failing less than 64 MiB are free\nspace /var failing less than 64 MiB are free\n"},
		"no blocks":            {head + row("none", "0", "0", "/") + row("none", "0", "0", "/var"), "space unknown apt: cannot read a line of df in \"none 0 0 0 1% /\"\n"},
		"one line":             {head + row("/dev/vda1", "100000", "65536", "/"), ""},
		"nothing":              {"", ""},
		"a number beyond what": {head + row("x", "100000", "9999999999999999999999", "/") + row("x", "1", "1", "/var"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := play(t, loadRecording(t, "base"), loadRecording(t, "health/well"))
			p.exec.On(cmdSpace, nil, out(c.text))
			got := healthWords(spaceHealth(t.Context(), p.exec))
			if c.want == "" && !strings.HasPrefix(got, "space unknown ") || c.want != "" && got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

// TestHealthNeedsEveryAnswer: whatever is taken away, the host is not called well, and one that is gone is an error.
func TestHealthNeedsEveryAnswer(t *testing.T) {
	base, story := loadRecording(t, "base"), loadRecording(t, "health/well")
	whole := play(t, base, story)
	if _, err := health(t, whole.exec); err != nil {
		t.Fatal(err)
	}
	for _, call := range whole.exec.Calls() {
		for how, answer := range map[string]error{"lost": providers.ErrLost, "unreachable": providers.ErrUnreachable, "refused": providers.ErrRefused} {
			p := play(t, base, story)
			p.exec.Do(call.Command, nil, func(context.Context, map[string][]string) (providers.Output, error) {
				return providers.Output{}, answer
			})
			got, err := health(t, p.exec)
			well := !slices.ContainsFunc(got, func(c providers.Check) bool { return c.State != providers.CheckOK })
			if refused := errors.Is(answer, providers.ErrRefused); err == nil && well || refused != (err == nil) {
				t.Errorf("%s %s: %+v, %v", call.Command, how, got, err)
			}
		}
	}
}

func FuzzUnits(f *testing.F) {
	f.Add("nginx.service loaded failed failed A web server\n")
	f.Add("\x1b[31m loaded failed failed\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		checks, err := parseUnits(text)
		for i, c := range checks {
			if c.State != providers.CheckFailing || err != nil || i > 0 && checks[i-1].Name >= c.Name || strings.ContainsAny(c.Name+c.Detail, "\x1b\n") {
				t.Errorf("%q: %+v, %v", text, checks, err)
			}
		}
	})
}

func FuzzSpace(f *testing.F) {
	f.Add("Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 264 33 62 35% /\n/dev/vda 264 33 62 35% /\n")
	f.Fuzz(func(t *testing.T, text string) {
		if free, err := parseSpace(text); err == nil && len(free) != len(spacePaths) {
			t.Errorf("%q: %v", text, free)
		}
	})
}
