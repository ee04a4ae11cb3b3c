package worker_test

import (
	"testing"
	"testing/fstest"

	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/worker"
	"github.com/ringfence/ringfence/internal/genrepo"
)

// TestEachScenarioBegins: limits of time count anew for each scenario, so nobody needs to know how many there may be.
func TestEachScenarioBegins(t *testing.T) {
	tree := genrepo.Tree(1)
	tree["tests/acme.cue"] = &fstest.MapFile{Data: []byte(`package tests

scenario: {for i in [1, 2, 3] {"s\(i)": {}}}
`)}
	shared, err := repository.Shared(tree)
	if err != nil {
		t.Fatal(err)
	}
	begun, answered := 0, 0
	task := worker.Task{Kind: worker.ScenariosTask, Name: repository.ScenariosDir}
	worker.New(shared, nil).Do(nil, []worker.Task{task}, func(int) { begun++ }, func(int, []byte) { answered++ })
	if begun != 4 || answered != 1 {
		t.Errorf("begun %d times, answered %d", begun, answered)
	}
}
