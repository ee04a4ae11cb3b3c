package worker

import (
	"io/fs"
	"path"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/repository"
)

// Order is what an evaluator works on. It is plain data, so that it can be sent to another process.
type Order struct {
	Shared []repository.File // what all tasks may read
	Known  []string          // providers that hosts may name
	Tasks  []Task
}

// Task is one tenant, the settings or the scenarios.
type Task struct {
	Kind  TaskKind
	Name  string            // of the tenant, or the path that the others stand at
	Files []repository.File // which this task may read besides the shared ones
}

// TaskKind says what a task is about.
type TaskKind string

// The kinds of tasks.
const (
	TenantTask    TaskKind = "tenant"
	SettingsTask  TaskKind = "settings"
	ScenariosTask TaskKind = "scenarios"
	TraitsTask    TaskKind = "traits" // of a tenant
)

// Reply is the encoded answer to a task, or why there is none.
type Reply struct {
	Data    []byte
	Failure Failure
}

// Failure says which limit a task exceeded.
type Failure string

// The failures of tasks.
const (
	OutOfMemory Failure = "memory"
	OutOfTime   Failure = "time"
	Late        Failure = "late" // on the wall clock, which a busy machine may be to blame for
	Crashed     Failure = "crash"
)

// Lasting reports whether the same task would fail again, on this machine or another: memory and processor time are
// counted alike everywhere, and what people write takes a hundredth of either.
func (f Failure) Lasting() bool { return f == OutOfMemory || f == OutOfTime }

// Failed is the one diagnostic of a task that has no answer, at the file where a reader should begin.
func (t Task) Failed(why Failure) diag.Diagnostic {
	at := t.Name
	if t.Kind == TenantTask || t.Kind == TraitsTask {
		at = repository.TenantDir(t.Name)
		for _, f := range t.Files {
			if path.Ext(f.Path) == ".cue" && f.Mode&fs.ModeType == 0 {
				at = f.Path
				break
			}
		}
	}
	d := Failed("compiling "+path.Base(t.Name), at, why)
	if d.Code == diag.LimitExceeded && t.Kind == ScenariosTask {
		return d.WithFix("keep it to a few thousand scenarios; with fewer than that, look for what multiplies: comprehensions within comprehensions, lists and ranges of great length")
	}
	if d.Code == diag.LimitExceeded {
		return d.WithFix("look for what multiplies: comprehensions within comprehensions, lists and ranges of great length, disjunctions of disjunctions")
	}
	return d.WithFix("undo the last change here; if the policy is right, please report this as a bug of ringfence")
}

// Failed is the one diagnostic of what a child could not do, at the file where a reader should begin; what begins its
// summary, as in "compiling acme".
func Failed(what, file string, why Failure) diag.Diagnostic {
	at := diag.Range{File: file}
	switch why {
	case OutOfMemory:
		return diag.New(diag.LimitExceeded, "%s takes more memory than a policy may", what).At(at)
	case OutOfTime, Late:
		return diag.New(diag.LimitExceeded, "%s takes more time than a policy may", what).At(at)
	}
	return diag.New(diag.EvaluatorFailed, "the process that was %s died", what).At(at)
}
