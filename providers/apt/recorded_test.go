package apt

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/ringfence/ringfence/providers"
	"github.com/ringfence/ringfence/providers/providertest"
)

// recording is what a host said in one story: files "PHASE/COMMAND", with ".stderr" and ".exit" beside them, and
// "want/PHASE" for what the provider made of it. A command that is not recorded for a phase said what it said in the
// phase before, and before all phases what base.txtar has.
type recording map[string]string

func loadRecording(t *testing.T, name string) recording {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	r := recording{}
	for _, f := range a.Files {
		r[f.Name] = string(f.Data)
	}
	return r
}

// find returns the output of a command in a phase.
func (r recording) find(base recording, phase, command string) (providers.Output, bool) {
	for i := slices.Index(phases, phase); i >= 0; i-- {
		if out, ok := r.output(phases[i] + "/" + command); ok {
			return out, true
		}
	}
	return base.output("base/" + command)
}

func (r recording) output(key string) (providers.Output, bool) {
	stdout, ok := r[key]
	exit, err := strconv.Atoi(strings.TrimSpace(r[key+".exit"]))
	if err != nil {
		exit = 0
	}
	return providers.Output{Stdout: []byte(stdout), Stderr: []byte(r[key+".stderr"]), ExitCode: exit}, ok
}

// player is a host that says what was recorded.
type player struct {
	phase string
	exec  *providertest.Exec
}

func play(t *testing.T, base, r recording) *player {
	d, err := New().Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := &player{phase: phaseScan, exec: providertest.NewExec(d)}
	for _, c := range d.Commands {
		p.exec.Do(c.Name, nil, func(context.Context, map[string][]string) (providers.Output, error) {
			out, ok := r.find(base, p.phase, c.Name)
			if c.Name == cmdClock { // never recorded: a clock goes on
				out, ok = providers.Output{Stdout: fmt.Appendln(nil, time.Now().Unix())}, true
			}
			if !ok {
				t.Errorf("%s: no answer to %s is recorded", p.phase, c.Name)
			}
			if c.Mutates {
				p.phase = phaseAfter
			}
			return out, nil
		})
	}
	return p
}

func TestRecorded(t *testing.T) {
	base := loadRecording(t, "base")
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			r := loadRecording(t, s.name)
			p := play(t, base, r)
			between := func(phase string) error { p.phase = phase; return nil }
			got, err := teller{s, p.exec, between}.tell(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(r.want(), got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func (r recording) want() map[string]string {
	out := map[string]string{}
	for name, text := range r {
		if phase, ok := strings.CutPrefix(name, "want/"); ok {
			out[phase] = text
		}
	}
	return out
}

// TestNoStoryIsMissing keeps the recordings and the stories in step.
func TestNoStoryIsMissing(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"base": true}
	for _, s := range stories {
		want[s.name] = true
	}
	got := map[string]bool{}
	for _, f := range files {
		got[strings.TrimSuffix(filepath.Base(f), ".txtar")] = true
	}
	if !maps.Equal(got, want) {
		t.Errorf("recordings %v, stories %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

// recorder writes down what a real host says.
type recorder struct {
	providers.Exec
	base  recording
	said  recording
	phase string
	err   error
}

func (r *recorder) Run(ctx context.Context, command string, args map[string][]string) (providers.Output, error) {
	out, err := r.Exec.Run(ctx, command, args)
	if err != nil {
		r.err = err
		return out, err
	}
	r.keep(command, out)
	if command == cmdInstall || command == cmdInstallRemoving {
		r.phase = phaseAfter
	}
	return out, err
}

// keep adds an output unless it is what an earlier phase or the base has.
func (r *recorder) keep(command string, out providers.Output) {
	if command == cmdClock {
		return
	}
	out.Stdout = trimOutput(command, out.Stdout)
	old, ok := r.said.find(r.base, r.phase, command)
	if ok && command == cmdBootID || ok && string(old.Stdout) == string(out.Stdout) && string(old.Stderr) == string(out.Stderr) && old.ExitCode == out.ExitCode {
		return
	}
	key := r.phase + "/" + command
	r.said[key] = string(out.Stdout)
	if len(out.Stderr) > 0 {
		r.said[key+".stderr"] = string(out.Stderr)
	}
	if out.ExitCode != 0 {
		r.said[key+".exit"] = strconv.Itoa(out.ExitCode) + "\n"
	}
}

func trimOutput(command string, stdout []byte) []byte {
	keep := map[string]*regexp.Regexp{
		// What the stories are about; everything else is the same on every host.
		cmdPackages: regexp.MustCompile(`^(lab-|tzdata|libexpat1|liblzma5|libpcre2-8-0|dpkg\t|adduser\t)`),
		cmdConfig:   regexp.MustCompile(`^(Dir "|Dir::Etc|Acquire::Allow|APT::Get|APT::Periodic)`),
		cmdRefresh:  regexp.MustCompile(`^Err:`),
	}[command]
	if keep == nil {
		return stdout
	}
	var out []byte
	for line := range bytes.Lines(stdout) {
		if keep.Match(line) {
			out = append(out, line...)
		}
	}
	return out
}

// save writes a recording; what is wanted comes first.
func (r recording) save(name, comment string) error {
	a := &txtar.Archive{Comment: []byte(comment + "\n")}
	order := func(key string) string {
		phase, rest, _ := strings.Cut(key, "/")
		return strconv.Itoa(slices.Index(append([]string{"want", "base"}, phases...), phase)) + "/" + rest
	}
	keys := slices.SortedFunc(maps.Keys(r), func(a, b string) int { return strings.Compare(order(a), order(b)) })
	for _, k := range keys {
		a.Files = append(a.Files, txtar.File{Name: k, Data: []byte(r[k])})
	}
	return os.WriteFile(filepath.Join("testdata", name+".txtar"), txtar.Format(a), 0o644)
}
