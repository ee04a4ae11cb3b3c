package apt

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/providers"
)

// simulation is what "apt-get -s" says it would do.
type simulation struct {
	changes     []change
	configures  []change // packages that would only be configured: dpkg left them unfinished
	kept        []kept   // with dist-upgrade: everything else that has a newer version
	notUpgraded int
}

// change is one package operation. name is apt's: foreign architectures carry ":arch", the native one does not.
type change struct {
	op       providers.Op
	name     string
	arch     string // empty for removals, which do not say
	from, to string
	archives []archive
}

// archive is one index that holds a version: "Label:Version/Suite".
type archive struct{ label, suite string }

// kept is one package that apt keeps at its version although there is a newer one.
type kept struct{ name, from, to string }

const (
	namePart    = `[A-Za-z0-9][A-Za-z0-9+._-]*(?::[a-z][a-z0-9-]*)?`
	versionPart = `[A-Za-z0-9][A-Za-z0-9.+:~_-]*`
)

var (
	// Inst NAME [OLD] (NEW Label:Ver/Suite, Label:Suite [arch]) [what else is broken in between]
	instLine = lazyregexp.New(`^(?:Inst|Conf) (` + namePart + `)(?: \[(` + versionPart + `)\])? ` +
		`\((` + versionPart + `)(?: ([^\[\]]*))? \[([a-z][a-z0-9-]*)\]\)(?: \[[^\[\]]*\])*$`)
	removeLine  = lazyregexp.New(`^(?:Remv|Purg) (` + namePart + `) \[(` + versionPart + `)\](?: \[[^\[\]]*\])*$`)
	keptLine    = lazyregexp.New(`^ +(` + namePart + `) \((` + versionPart + `) => (` + versionPart + `)\)$`)
	summaryLine = lazyregexp.New(`^(\d+) upgraded, (\d+) newly installed, (?:(\d+) reinstalled, )?` +
		`(?:(\d+) downgraded, )?(\d+) to remove and (\d+) not upgraded\.$`)
)

// keptHeaders open the lists of what apt keeps back; newer releases list phased updates apart.
var keptHeaders = []string{
	"The following packages have been kept back:",
	"The following upgrades have been deferred due to phasing:",
}

// parseSimulation reads the output of "apt-get -q -s -V". Hosts add lines of their own to it (hooks, advertisements),
// so lines that begin with none of apt's verbs are passed over; what keeps them from hiding anything is the summary,
// whose counts must be exactly those of the lines that were understood.
func parseSimulation(text string) (simulation, error) {
	p := simulationParser{removed: map[string]bool{}}
	for line := range strings.Lines(text) {
		if err := p.line(strings.TrimRight(line, " \r\n")); err != nil {
			return simulation{}, err
		}
	}
	return p.finish()
}

type simulationParser struct {
	out     simulation
	inKept  bool
	summary []string
	removed map[string]bool
}

func (p *simulationParser) line(line string) error {
	verb, _, _ := strings.Cut(line, " ")
	switch verb {
	case "Inst":
		c, err := parseInst(line)
		p.out.changes = append(p.out.changes, c)
		return err
	case "Conf":
		c, err := parseInst(line)
		p.out.configures = append(p.out.configures, c)
		return err
	case "Remv", "Purg":
		return p.remove(line)
	}
	return p.prose(line)
}

func (p *simulationParser) remove(line string) error {
	m := removeLine.FindStringSubmatch(line)
	if m == nil {
		return unreadable("a removal", line)
	}
	if !p.removed[m[1]] {
		p.out.changes = append(p.out.changes, change{op: providers.Remove, name: m[1], from: m[2]})
	}
	p.removed[m[1]] = true
	return nil
}

// prose reads the lists and the summary.
func (p *simulationParser) prose(line string) error {
	if !strings.HasPrefix(line, " ") {
		p.inKept = false
	}
	if p.inKept {
		m := keptLine.FindStringSubmatch(line)
		if m == nil {
			return unreadable("a package that is kept back", line)
		}
		p.out.kept = append(p.out.kept, kept{m[1], m[2], m[3]})
		return nil
	}
	for _, h := range keptHeaders {
		p.inKept = p.inKept || line == h
	}
	if m := summaryLine.FindStringSubmatch(line); m != nil {
		if p.summary != nil {
			return unreadable("a second summary", line)
		}
		p.summary = m
	}
	return nil
}

// finish compares the lines with the summary. A package that is removed only to be installed again counts once.
func (p *simulationParser) finish() (simulation, error) {
	if p.summary == nil {
		return simulation{}, fmt.Errorf("apt-get's summary line is missing: the output was cut short")
	}
	installed := map[string]bool{}
	for _, c := range p.out.changes {
		if c.op != providers.Remove {
			if installed[c.name] {
				return simulation{}, fmt.Errorf("apt-get names %.80q twice", c.name)
			}
			installed[c.name] = true
		}
	}
	var all, unfinished []change
	seen := map[providers.Op]int{}
	for _, c := range p.out.changes {
		if c.op == providers.Remove && installed[c.name] {
			continue
		}
		seen[c.op]++
		all = append(all, c)
	}
	for _, c := range p.out.configures {
		if !installed[c.name] {
			unfinished = append(unfinished, c)
		}
	}
	p.out.changes, p.out.configures = all, unfinished
	return p.out, p.count(seen)
}

func (p *simulationParser) count(seen map[providers.Op]int) error {
	for i, op := range []providers.Op{providers.Upgrade, providers.Install, "reinstall", providers.Downgrade, providers.Remove} {
		if want := atoi(p.summary[i+1]); seen[op] != want {
			return fmt.Errorf("apt-get counts %d to %s, but %d lines could be read", want, op, seen[op])
		}
	}
	p.out.notUpgraded = atoi(p.summary[6])
	return nil
}

// atoi reads digits; none are zero, and more than fit are a count that nothing can match.
func atoi(digits string) int {
	if digits == "" {
		return 0
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return -1
	}
	return n
}

func parseInst(line string) (change, error) {
	m := instLine.FindStringSubmatch(line)
	if m == nil {
		return change{}, unreadable("a package", line)
	}
	c := change{op: providers.Install, name: m[1], from: m[2], to: m[3], arch: m[5], archives: parseArchives(m[4])}
	if c.from == "" {
		return c, nil
	}
	order, err := compareVersions(c.from, c.to)
	switch {
	case err != nil:
		return change{}, err
	case order < 0:
		c.op = providers.Upgrade
	case order == 0:
		c.op = "reinstall"
	default:
		c.op = providers.Downgrade
	}
	return c, nil
}

// parseArchives reads "Debian:12.15/oldstable, Debian-Security:12/oldstable-security". An archive without a Release
// file is named by its site; it has no label.
func parseArchives(text string) []archive {
	var out []archive
	for one := range strings.SplitSeq(text, ", ") {
		if one == "" {
			continue
		}
		a := archive{suite: one}
		if i := strings.LastIndexByte(one, ':'); i >= 0 {
			a = archive{label: one[:i], suite: one[i+1:]}
		}
		if _, suite, ok := strings.Cut(a.suite, "/"); ok {
			a.suite = suite
		}
		out = append(out, a)
	}
	return out
}

func unreadable(what, line string) error {
	return fmt.Errorf("cannot read %s in %.200q", what, line)
}
