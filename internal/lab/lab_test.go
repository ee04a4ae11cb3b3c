//go:build linux

package lab

import (
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) { Main(m) }

func TestUp(t *testing.T) {
	Require(t)
	start := time.Now()
	l, err := Up(t.Context(), Config{Hosts: 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("up", time.Since(start))
	defer func() {
		s := time.Now()
		if err := l.Down(); err != nil {
			t.Error(err)
		}
		t.Log("down", time.Since(s))
	}()
	start = time.Now()
	out, err := l.Host(1).SSH(t.Context(), "patch", "sudo -n apt-get update --error-on=any && apt-get -s dist-upgrade; cat /proc/sys/kernel/random/boot_id; findmnt; ps aux; id")
	t.Log(out, err, time.Since(start))
	_ = strings.Count
}
