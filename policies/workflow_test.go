package policies_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/policies"
)

// workflow is what of a GitHub workflow says who may do what.
type workflow struct {
	On          map[string]any    `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Jobs        map[string]struct {
		If          string            `yaml:"if"`
		RunsOn      any               `yaml:"runs-on"`
		Permissions map[string]string `yaml:"permissions"`
		Env         map[string]string `yaml:"env"`
		Steps       []struct {
			If   string         `yaml:"if"`
			Uses string         `yaml:"uses"`
			Run  string         `yaml:"run"`
			With map[string]any `yaml:"with"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

var ringfenceCalls = regexp.MustCompile(`\bringfence ([a-z]+)`)

// scaffolded is the workflow that a new repository gets.
func scaffolded(t *testing.T) (w workflow, raw []byte) {
	t.Helper()
	raw, err := fs.ReadFile(policies.Scaffold(), ".github/workflows/ringfence.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(raw, &w); err != nil {
		t.Fatal(err)
	}
	return w, raw
}

// scheduled: what a schedule starts runs on the default branch, and its event need not carry the repository.
const scheduled = "github.event_name == 'schedule' || (github.event_name == 'workflow_dispatch' && github.ref_name == github.event.repository.default_branch)"

// TestPullRequestsMayOnlyLook: what a pull request starts has no secret, no right to write, no machine that reaches hosts
// and no verb that does; it checks the policy and says what the edit does.
func TestPullRequestsMayOnlyLook(t *testing.T) {
	w, raw := scaffolded(t)
	if strings.Contains(string(raw), "secrets.") || strings.Contains(string(raw), "pull_request_target") || strings.Contains(string(raw), "write-all") {
		t.Error("the workflow names secrets, or runs with rights on what strangers wrote")
	}
	if got := slices.Sorted(maps.Keys(w.On)); !slices.Equal(got, []string{"pull_request", "schedule", "workflow_dispatch"}) || len(w.Permissions) != 0 {
		t.Errorf("it runs on %v with %v", got, w.Permissions)
	}
	var ran []string
	for name, job := range w.Jobs {
		if name == "run" {
			if job.If != scheduled {
				t.Errorf("the job that does what is due runs if %q", job.If)
			}
			continue
		}
		if job.If != "github.event_name == 'pull_request'" || job.RunsOn != "ubuntu-latest" || len(job.Env) > 0 {
			t.Errorf("job %s runs if %q on %v with %v", name, job.If, job.RunsOn, job.Env)
		}
		if !maps.Equal(job.Permissions, map[string]string{"contents": "read"}) {
			t.Errorf("job %s may %v", name, job.Permissions)
		}
		for _, s := range job.Steps {
			for _, call := range ringfenceCalls.FindAllStringSubmatch(s.Run, -1) {
				ran = append(ran, call[1])
			}
			if verb, ok := strings.CutPrefix(s.Run, "ringfence "); ok {
				if strings.HasPrefix(verb, "check") && !strings.HasPrefix(verb, "check --format github") {
					t.Errorf("what %q finds stands beside no line of the pull request", s.Run)
				}
			}
			if gate := "${{ !cancelled() && steps.check.outcome == 'success' }}"; (strings.Contains(s.Run, "ringfence diff") || strings.Contains(s.Run, "ringfence show")) && s.If != gate {
				t.Errorf("%q runs if %q: one step's failure hides what the next would say", s.Run, s.If)
			}
			if strings.Contains(s.Uses, "checkout") && s.With["fetch-depth"] != 2 {
				t.Errorf("HEAD^1 is not there with fetch-depth %v", s.With["fetch-depth"])
			}
		}
	}
	if !slices.Equal(ran, []string{"check", "test", "diff", "show"}) {
		t.Errorf("pull requests run %v", ran)
	}
}

// TestScheduledRunsLoseNothing: a job's workspace is thrown away or cleaned, local branches included, so records and halt
// orders go through the remote. ledger pull is refused where the settings name none, and the run after it does not begin.
func TestScheduledRunsLoseNothing(t *testing.T) {
	w, _ := scaffolded(t)
	var ran []string
	for _, s := range w.Jobs["run"].Steps {
		if line, _, _ := strings.Cut(s.Run, " #"); line != "" {
			ran = append(ran, line)
		}
	}
	if !slices.Equal(ran, []string{"ringfence ledger pull", "ringfence run --all", "ringfence ledger push"}) {
		t.Errorf("it runs %q", ran)
	}
}

// TestTheWorkflowInstallsOneRelease: what judges pull requests is the release that wrote the workflow, installed by a Go
// that can build it, to where the next steps find it. Written by no release, the installation fails until one is named.
func TestTheWorkflowInstallsOneRelease(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3": "@v1.2.3", "v1.2.3-rc.1": "@v1.2.3-rc.1",
		"0.1.0-dev": "@SET-A-RELEASE", "v1.2.3-4-gabcdef0": "@SET-A-RELEASE", "v1.2.3-dirty": "@SET-A-RELEASE", "abcdef0": "@SET-A-RELEASE",
	} {
		raw, err := fs.ReadFile(policies.ScaffoldOf(version), ".github/workflows/ringfence.yml")
		if err != nil {
			t.Fatal(err)
		}
		if got := regexp.MustCompile(`cmd/ringfence(@\S+)`).FindAllSubmatch(raw, -1); len(got) != 1 || string(got[0][1]) != want {
			t.Errorf("%s: it installs %q, want %s", version, got, want)
		}
	}
	w, _ := scaffolded(t)
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var toolchain, path bool
	for _, s := range w.Jobs["check"].Steps {
		if strings.HasPrefix(s.Uses, "actions/setup-go@") {
			toolchain = strings.Contains(string(mod), fmt.Sprintf("\ngo %v.", s.With["go-version"]))
		}
		if strings.Contains(s.Run, "go install") {
			path = toolchain && strings.Contains(s.Run, `echo "$(go env GOPATH)/bin" >> "$GITHUB_PATH"`)
		}
	}
	if !path {
		t.Error("ringfence is built by no Go that go.mod asks for, or is not found afterwards")
	}
}
