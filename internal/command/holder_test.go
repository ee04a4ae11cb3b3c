package command

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestOnlyAKnownDeadHolderIsDead: everything that cannot be told is alive, or a live run would lose its lease.
func TestOnlyAKnownDeadHolderIsDead(t *testing.T) {
	p := &pipeline{app: &app{Env: Env{Getenv: os.Getenv}}}
	own := p.holder()
	f := strings.Split(own, "/")
	child := exec.Command("true")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	with := func(i int, v string) string {
		g := append([]string{}, f...)
		g[i] = v
		return strings.Join(g, "/")
	}
	cases := map[string]bool{
		own: false,
		with(1, fmt.Sprint(child.ProcessState.Pid())): true, // it ended
		with(3, "1"):       true,  // the number was given to somebody else
		with(2, "0123456"): false, // another machine, boot or container
		with(0, "x"):       false, // a name says nothing
		"vm/1":             false,
		"":                 false,
	}
	for holder, want := range cases {
		if got := isDead(holder); got != want {
			t.Errorf("%q: dead %t", holder, got)
		}
	}
}
