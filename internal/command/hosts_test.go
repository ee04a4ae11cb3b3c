package command

import "testing"

func TestShowing(t *testing.T) {
	for n, want := range map[int]string{1: "1 host shows", 2: "2 hosts show"} {
		if got := showing(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
