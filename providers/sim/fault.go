package sim

import (
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/ringfence/ringfence/providers"
)

// fault is one entry of faults.
type fault struct {
	Tenant  string   `yaml:"tenant"`
	Host    string   `yaml:"host"`
	Kind    kind     `yaml:"kind"`
	Package string   `yaml:"package"`
	Verb    string   `yaml:"verb"`
	Times   int      `yaml:"times"`
	From    *instant `yaml:"from"`
	Until   *instant `yaml:"until"`
}

type kind string

const (
	unreachable  kind = "unreachable"
	hang         kind = "hang"
	crashPlugin  kind = "crash-plugin"
	garbage      kind = "garbage"
	failInstall  kind = "fail-install"
	partial      kind = "partial"
	lieDone      kind = "lie-done"
	extraPackage kind = "extra-package"
	inDoubt      kind = "in-doubt"
	rebootFails  kind = "reboot-fails"
	unhealthy    kind = "unhealthy"
	mute         kind = "mute"
)

// kinds says at which verbs a fault strikes unless it names one, and which it may name.
var kinds = map[kind]struct{ strikes, may []string }{
	unreachable:  {allVerbs, allVerbs},
	hang:         {onlyApply, allVerbs},
	crashPlugin:  {onlyApply, allVerbs},
	garbage:      {[]string{"scan"}, []string{"scan", "preview", "apply"}},
	failInstall:  {onlyApply, onlyApply},
	partial:      {onlyApply, onlyApply},
	lieDone:      {onlyApply, onlyApply},
	extraPackage: {onlyApply, onlyApply},
	inDoubt:      {onlyApply, onlyApply},
	rebootFails:  {[]string{"reboot"}, []string{"reboot"}},
	unhealthy:    {onlyHealth, onlyHealth},
	mute:         {onlyHealth, onlyHealth},
}

var (
	allVerbs   = []string{"scan", "preview", "apply", "reboot"} // who is struck in a scan is not asked for its health
	onlyApply  = []string{"apply"}
	onlyHealth = []string{"health"}
)

func (f *fault) hits(ref providers.HostRef) bool {
	match, _ := path.Match(f.Host, ref.Name) // the pattern was checked
	return match && (f.Tenant == "" || ref.Tenant == "" || f.Tenant == ref.Tenant)
}

func (f *fault) at(verb string) bool {
	if f.Verb != "" {
		return f.Verb == verb
	}
	return slices.Contains(kinds[f.Kind].strikes, verb)
}

func (f *fault) in(at time.Time) bool {
	return (f.From == nil || !at.Before(f.From.Time)) && (f.Until == nil || at.Before(f.Until.Time))
}

// strike returns the fault of this call, or nil, and whether the state counts it now.
func (f *fleet) strike(s *state, verb string, ref providers.HostRef, at time.Time) (struck *fault, counted bool) {
	for i, t := range f.faults {
		if !t.hits(ref) || !t.at(verb) || !t.in(at) {
			continue
		}
		if t.Times == 0 {
			return t, false
		}
		key := strconv.Itoa(i) + " " + ref.Tenant + "/" + ref.Name
		if s.Struck[key] < t.Times {
			s.Struck[key]++
			return t, true
		}
	}
	return nil, false
}
