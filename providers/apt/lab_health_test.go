//go:build linux

package apt

import (
	"strings"
	"testing"

	"github.com/ringfence/ringfence/internal/lab"
)

// degradedSystemctl is the systemctl of a host that runs systemd, as version 252 answers; the lab's hosts run none.
const degradedSystemctl = `rm /usr/bin/systemctl
cat >/usr/bin/systemctl <<'EOF'
#!/bin/sh
case $1 in
is-system-running) echo degraded; exit 1 ;;
list-units) printf '%s\n' 'cron.service loaded failed failed Regular background program processing daemon' ;;
esac
EOF
chmod 755 /usr/bin/systemctl`

var healthStages = map[string]stage{
	"health/well":  {comment: "Nothing is wrong. systemd does not run."},
	"health/half":  suite("A package is half-configured.", "lab-badpost").with(shell("apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq -y install lab-badpost=1.1 >/dev/null 2>&1 || true")),
	"health/units": {comment: "A unit failed.", setUp: shell(degradedSystemctl)},
	"health/full":  {comment: "/var has no room, and nothing of what was there.", setUp: shell("mount -t tmpfs -o size=16k full /var")},
}

// TestLabHealth asks real hosts, over ssh as a user who may sudo. With -record it writes the recordings anew.
func TestLabHealth(t *testing.T) {
	lab.Require(t)
	l, err := lab.Up(t.Context(), lab.Config{Hosts: len(healthStories)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Down()
	for i, name := range healthStories {
		t.Run(strings.TrimPrefix(name, "health/"), func(t *testing.T) {
			h, st := l.Host(i+1), healthStages[name]
			if err := st.set(t.Context(), l, h); err != nil {
				t.Fatal(err)
			}
			rec := &recorder{Exec: broker(t, l, h), base: loadRecording(t, "base"), said: recording{}, phase: phaseScan}
			got := healthWords(health(t, rec))
			if rec.err != nil {
				t.Fatal(rec.err)
			}
			if *record {
				save(t, rec.said, name, st.comment, map[string]string{phaseScan: got})
			} else if want := loadRecording(t, name)["want/scan"]; got != want {
				t.Errorf("recorded\n%sthis host\n%s", want, got)
			}
		})
	}
}
