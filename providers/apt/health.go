package apt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
)

// leastSpace is what "/" and "/var" must have free, in KiB. It is our own bound: far less than any point release needs to
// be unpacked, and what a host needs to write its logs and dpkg's status.
const leastSpace = 64 << 10

const (
	checkDpkg  = "dpkg"
	checkUnits = "units"
	maxUnits   = 50 // failed units that are named one by one
)

// Health looks at three things: what dpkg left undone, as dpkg-query(1), dpkg's journal and "dpkg --audit" tell; units
// that systemd calls failed, as systemctl(1) tells; and free space, as df(1) tells. Each failed unit is a check of its
// own, so that one which was failing before a change is told apart from one that is new.
func (*Provider) Health(ctx context.Context, _ providers.HealthRequest, x providers.Exec) ([]providers.Check, error) {
	var out []providers.Check
	for _, look := range []func(context.Context, providers.Exec) ([]providers.Check, error){dpkgHealth, unitHealth, spaceHealth} {
		checks, err := look(ctx, x)
		if err != nil {
			return nil, err
		}
		out = append(out, checks...)
	}
	return out, nil
}

func ok(name string) []providers.Check {
	return []providers.Check{{Name: name, State: providers.CheckOK}}
}

func failing(name, detail string) []providers.Check {
	return []providers.Check{{Name: name, State: providers.CheckFailing, Detail: untrusted.Line(detail, maxReason)}}
}

// unknown is a check that could not be made. A host that is gone, or a caller that is, is an error.
func unknown(name string, err error) ([]providers.Check, error) {
	for _, over := range []error{providers.ErrUnreachable, providers.ErrLost, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, over) {
			return nil, err
		}
	}
	return []providers.Check{{Name: name, State: providers.CheckUnknown, Detail: untrusted.Line(err.Error(), maxReason)}}, nil
}

func dpkgHealth(ctx context.Context, x providers.Exec) ([]providers.Check, error) {
	s, err := readState(ctx, x)
	if err != nil {
		return unknown(checkDpkg, err)
	}
	if problems := s.problems(); len(problems) > 0 {
		return failing(checkDpkg, brief(problems)), nil
	}
	return ok(checkDpkg), nil
}

// unitHealth asks systemd first whether it has started everything: units that are still to be started may yet fail.
func unitHealth(ctx context.Context, x providers.Exec) ([]providers.Check, error) {
	system, err := ask(ctx, x, cmdSystem, nil)
	if err != nil {
		return unknown(checkUnits, err)
	}
	switch state := systemState(system); state {
	case notBooted:
		return []providers.Check{{Name: checkUnits, State: providers.CheckOK, Detail: "not applicable: systemd does not run here"}}, nil
	case "running", "degraded":
		return failedUnits(ctx, x, providers.Check{Name: checkUnits, State: providers.CheckOK})
	case "maintenance":
		return failing(checkUnits, "systemd is in maintenance: the rescue or emergency target is active"), nil
	default: // initializing, starting, stopping, unknown
		return failedUnits(ctx, x, providers.Check{Name: checkUnits, State: providers.CheckUnknown, Detail: "systemd is " + state})
	}
}

// notBooted stands for hosts on which systemd does not run: systemctl calls them offline, older ones say it in a sentence,
// and where there is no systemctl env says so.
const notBooted = "offline"

func systemState(out providers.Output) string {
	word := strings.TrimSpace(string(out.Stdout))
	switch {
	case out.ExitCode == notFound, word == "" && strings.Contains(string(out.Stderr), "not been booted with systemd"):
		return notBooted
	case !systemWord.MatchString(word):
		return "unknown"
	}
	return word
}

var (
	systemWord = lazyregexp.New(`\A[a-z]{1,20}\z`)
	unitLine   = lazyregexp.New(`\A([A-Za-z0-9:_.@\\-]{1,256}) +\S+ +failed +(\S+)(?: +.*)?\z`)
)

// failedUnits adds the units that failed to what is known of the system.
func failedUnits(ctx context.Context, x providers.Exec, system providers.Check) ([]providers.Check, error) {
	text, err := read(ctx, x, cmdFailedUnits, nil)
	if err != nil {
		return unknown(checkUnits, err)
	}
	units, err := parseUnits(text)
	if err != nil {
		return unknown(checkUnits, fmt.Errorf("apt: %w", err))
	}
	if n := len(units) - maxUnits; n > 0 {
		units = units[:maxUnits]
		system.State, system.Detail = providers.CheckFailing, fmt.Sprintf("%d more units failed", n)
	}
	return append([]providers.Check{system}, units...), nil
}

// parseUnits reads "systemctl list-units --state=failed --plain --no-legend": name, load, active and sub state.
func parseUnits(text string) ([]providers.Check, error) {
	var out []providers.Check
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		m := unitLine.FindStringSubmatch(line)
		if m == nil {
			return nil, unreadable("a failed unit", line)
		}
		out = append(out, failing("unit "+m[1], "systemd says: "+m[2])...)
	}
	slices.SortFunc(out, func(a, b providers.Check) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(out, func(a, b providers.Check) bool { return a.Name == b.Name }), nil
}

// spacePaths are df's arguments, in order.
var spacePaths = []string{"/", "/var"}

func spaceHealth(ctx context.Context, x providers.Exec) ([]providers.Check, error) {
	text, err := read(ctx, x, cmdSpace, nil)
	if err != nil {
		return unknown("space", err)
	}
	free, err := parseSpace(text)
	if err != nil {
		return unknown("space", fmt.Errorf("apt: %w", err))
	}
	var out []providers.Check
	for i, path := range spacePaths {
		if free[i] < leastSpace {
			out = append(out, failing("space "+path, fmt.Sprintf("less than %d MiB are free", leastSpace>>10))...)
			continue
		}
		out = append(out, ok("space "+path)...)
	}
	return out, nil
}

// spaceLine is what POSIX has "df -P -k" print: the free blocks are the fourth number of its table.
var spaceLine = lazyregexp.New(`\A\S.* +([0-9]{1,18}) +-?[0-9]+ +(-?[0-9]{1,18}) +(?:-?[0-9]+%|-) +/.*\z`)

// parseSpace returns the free KiB of each path.
func parseSpace(text string) ([]int64, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 1+len(spacePaths) {
		return nil, unreadable("the table of df", text)
	}
	var out []int64
	for _, line := range lines[1:] {
		m := spaceLine.FindStringSubmatch(line)
		if m == nil || strings.Trim(m[1], "0") == "" { // a file system without blocks says nothing
			return nil, unreadable("a line of df", line)
		}
		free, err := strconv.ParseInt(m[2], 10, 64)
		if err != nil {
			return nil, unreadable("a line of df", line)
		}
		out = append(out, free)
	}
	return out, nil
}
