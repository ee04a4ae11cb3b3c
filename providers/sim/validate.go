package sim

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/providers"
)

var (
	packageName = lazyregexp.New(`\A[a-z0-9][a-z0-9+.-]*[a-z0-9+.]\z`)
	hostName    = lazyregexp.New(`\A[a-z0-9][a-z0-9.-]{0,62}\z`)
	counter     = lazyregexp.New(`%0?[0-9]?d`)
)

var (
	classes    = []string{"security", "bugfix", "enhancement", "definition", "driver", "feature", "unknown"}
	severities = []string{"critical", "high", "medium", "low", "unknown"}
	reboots    = []string{"yes", "no", "unknown"}
)

// newFleet checks every entry, fills in defaults and expands the groups. All mistakes are reported at once.
func newFleet(file *fleetFile, line func(string, int) string) (*fleet, error) {
	f := &fleet{mirror: mirror{}, hosts: map[providers.HostRef]*host{}, faults: file.Faults}
	var errs []error
	report := func(list string, i int, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", line(list, i), err))
		}
	}
	for i, u := range file.Updates {
		report("updates", i, f.addUpdate(u))
	}
	for i, u := range file.Updates {
		report("updates", i, f.mirror.checkDepends(u))
	}
	f.mirror.sort()
	for i := range file.Hosts {
		report("hosts", i, f.addHosts(&file.Hosts[i]))
	}
	for i, t := range file.Faults {
		report("faults", i, f.addFault(t))
	}
	return f, errors.Join(errs...)
}

func (f *fleet) addUpdate(u *update) error {
	if u == nil {
		return errors.New("an empty update")
	}
	u.Arch, u.Distro = cmp.Or(u.Arch, "amd64"), cmp.Or(u.Distro, "debian")
	u.Class, u.Severity, u.Reboot = cmp.Or(u.Class, "unknown"), cmp.Or(u.Severity, "unknown"), cmp.Or(u.Reboot, "no")
	switch {
	case !packageName.MatchString(u.Name):
		return fmt.Errorf("%q is no package name", u.Name)
	case !slices.Contains(classes, u.Class):
		return fmt.Errorf("class %q is none of %s", u.Class, strings.Join(classes, ", "))
	case !slices.Contains(severities, u.Severity):
		return fmt.Errorf("severity %q is none of %s", u.Severity, strings.Join(severities, ", "))
	case !slices.Contains(reboots, u.Reboot):
		return fmt.Errorf("reboot %q is none of %s", u.Reboot, strings.Join(reboots, ", "))
	case u.Size < 0:
		return fmt.Errorf("the size %d is negative", u.Size)
	}
	if err := checkVersion(u.Version); err != nil {
		return err
	}
	return f.mirror.add(u)
}

func checkVersion(v string) error {
	if !providers.Grammars["version"].MatchString(v) {
		return fmt.Errorf("%q is no version", v)
	}
	_, err := parseVersion(v)
	return err
}

func (f *fleet) addHosts(g *group) error {
	if g.Count > 0 && len(counter.FindAllString(g.Name, -1)) != 1 {
		return fmt.Errorf("the name %q of several hosts needs a counter such as %%02d", g.Name)
	}
	if g.Count < 0 || len(f.hosts)+g.Count > maxHosts {
		return fmt.Errorf("a fleet has 0 to %d hosts", maxHosts)
	}
	g.OS, g.Arch = cmp.Or(g.OS, "debian 12"), cmp.Or(g.Arch, "amd64")
	for name, version := range g.Installed {
		if !packageName.MatchString(name) {
			return fmt.Errorf("%q is no package name", name)
		}
		if err := checkVersion(version); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range g.Held {
		if g.Installed[name] == "" {
			return fmt.Errorf("%s is held but not installed", name)
		}
	}
	return f.expand(g)
}

func (f *fleet) expand(g *group) error {
	for i := range max(1, g.Count) {
		name := g.Name
		if g.Count > 0 {
			name = fmt.Sprintf(g.Name, i+1)
		}
		ref := providers.HostRef{Tenant: g.Tenant, Name: name}
		switch {
		case !hostName.MatchString(name):
			return fmt.Errorf("%q is no host name", name)
		case f.hosts[ref] != nil:
			return fmt.Errorf("there are two hosts %s", name)
		}
		f.hosts[ref] = &host{group: g, name: name}
	}
	return nil
}

func (f *fleet) addFault(t *fault) error {
	if t == nil {
		return errors.New("an empty fault")
	}
	verbs, ok := kinds[t.Kind]
	switch {
	case !ok:
		return fmt.Errorf("there is no fault %q", t.Kind)
	case t.Verb != "" && !slices.Contains(verbs.may, t.Verb):
		return fmt.Errorf("%s cannot happen at %q", t.Kind, t.Verb)
	case t.Package != "" && !packageName.MatchString(t.Package):
		return fmt.Errorf("%q is no package name", t.Package)
	case t.Times > 0 && slices.Equal(verbs.strikes, onlyHealth):
		return fmt.Errorf("%s has no times: how often a host is asked for its health is the core's affair", t.Kind)
	case t.Times < 0:
		return fmt.Errorf("times %d is negative", t.Times)
	case t.From != nil && t.Until != nil && !t.From.Before(t.Until.Time):
		return errors.New("from must be before until")
	}
	if _, err := path.Match(t.Host, ""); err != nil {
		return fmt.Errorf("the pattern %q: %w", t.Host, err)
	}
	for ref := range f.hosts {
		if t.hits(ref) {
			return nil
		}
	}
	return fmt.Errorf("no host is called %q", t.Host)
}
