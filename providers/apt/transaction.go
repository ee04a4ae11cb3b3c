package apt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/providers"
)

// transaction is what the host's resolver makes of a request, before anything is changed.
type transaction struct {
	state   state
	targets []providers.Target // those that are not at their version yet
	sim     simulation         // what resolve found
}

// prepare checks that the host is as the plan knew it. Its errors mean that nothing was touched.
func prepare(ctx context.Context, x providers.Exec, targets []providers.Target) (transaction, error) {
	if _, _, err := checkVerification(ctx, x); err != nil {
		return transaction{}, err
	}
	if _, err := trustedIndexes(ctx, x); err != nil {
		return transaction{}, err
	}
	st, err := readState(ctx, x)
	if err != nil {
		return transaction{}, err
	}
	if p := st.problems(); len(p) > 0 {
		return transaction{}, fmt.Errorf("apt: %s; repair it first (dpkg --configure -a)", brief(p))
	}
	tx := transaction{state: st}
	tx.targets, err = pending(st.db, targets)
	return tx, err
}

// resolve asks the resolver for what is to be done.
func (tx *transaction) resolve(ctx context.Context, x providers.Exec) error {
	if len(tx.targets) == 0 {
		return nil
	}
	var err error
	tx.sim, err = simulateInstall(ctx, x, tx.pkgvers())
	return err
}

// pending returns the targets that are not installed yet. Every other one must be at the version that the plan saw.
func pending(db database, targets []providers.Target) ([]providers.Target, error) {
	if len(targets) == 0 {
		return nil, fmt.Errorf("apt: no target")
	}
	var out []providers.Target
	seen := map[string]bool{}
	for _, t := range targets {
		name := db.display(t.Name, t.Arch)
		if !providers.Grammars["pkgver"].MatchString(name + "=" + t.To) {
			return nil, fmt.Errorf("apt: %.100q cannot be asked of apt-get", name+"="+t.To)
		}
		if seen[name] {
			return nil, fmt.Errorf("apt: %s is a target twice", name)
		}
		seen[name] = true
		switch p := db.pkgs[name]; p.version {
		case t.To:
		case t.From:
			out = append(out, t)
		default:
			return nil, fmt.Errorf("apt: the host changed since the plan: %s is at %s, the plan says %s", name, orNone(p.version), orNone(t.From))
		}
	}
	return out, nil
}

func orNone(version string) string {
	if version == "" {
		return "no version"
	}
	return version
}

// pkgvers returns the arguments for apt-get, sorted.
func (tx transaction) pkgvers() []string {
	var out []string
	for _, t := range tx.targets {
		out = append(out, tx.state.db.display(t.Name, t.Arch)+"="+t.To)
	}
	slices.Sort(out)
	return out
}

func simulateInstall(ctx context.Context, x providers.Exec, pkgvers []string) (simulation, error) {
	out, err := ask(ctx, x, cmdSimulateInstall, map[string][]string{"pkgver": pkgvers})
	if err != nil {
		return simulation{}, err
	}
	if out.ExitCode != 0 {
		return simulation{}, fmt.Errorf("apt: the host cannot install this now: %s", complaint(out))
	}
	sim, err := parseSimulation(string(out.Stdout))
	if err != nil {
		return simulation{}, fmt.Errorf("apt: %s: %w", cmdSimulateInstall, err)
	}
	return sim, nil
}

// actions are the changes that the resolver wants, sorted by name.
func (tx transaction) actions() []providers.Action {
	var out []providers.Action
	for _, c := range tx.sim.changes {
		out = append(out, tx.state.db.action(c))
	}
	return sortActions(out)
}

// action names the package as targets do: the architecture apart from the name.
func (db database) action(c change) providers.Action {
	arch := c.arch
	if arch == "" {
		arch = db.pkgs[c.name].arch
	}
	return providers.Action{Op: c.op, Name: plain(c.name), Arch: arch, From: c.from, To: c.to}
}

func sortActions(list []providers.Action) []providers.Action {
	slices.SortFunc(list, func(a, b providers.Action) int {
		return strings.Compare(a.Name+"\x00"+a.Arch+"\x00"+string(a.Op), b.Name+"\x00"+b.Arch+"\x00"+string(b.Op))
	})
	return list
}

// setHeldAside takes the targets that the host's administrator holds out of the transaction and returns their names.
func (tx *transaction) setHeldAside() []string {
	var names []string
	tx.targets = slices.DeleteFunc(tx.targets, func(t providers.Target) bool {
		name := tx.state.db.display(t.Name, t.Arch)
		held := tx.state.db.pkgs[name].held
		if held {
			names = append(names, name)
		}
		return held
	})
	return names
}

// held returns the packages that the resolver would change although the host's administrator holds them.
func (tx transaction) held() []string {
	var out []string
	for _, c := range tx.sim.changes {
		if tx.state.db.pkgs[c.name].held {
			out = append(out, c.name)
		}
	}
	slices.Sort(out)
	return out
}

// rebootNeed predicts from names whether the actions need a reboot.
func rebootNeed(actions []providers.Action) providers.RebootNeed {
	var why []string
	for _, a := range actions {
		if a.Op != providers.Remove && rebootOf(a.Name) == "yes" {
			why = append(why, a.Name)
		}
	}
	return providers.RebootNeed{Required: len(why) > 0, Why: brief(why)}
}

// briefly many things of a list are named to a person.
const briefly = 8

func brief(list []string) string {
	if len(list) <= briefly {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:briefly], ", "), len(list)-briefly)
}

// words says an action as a person would.
func words(a providers.Action) string {
	switch a.Op {
	case providers.Install:
		return fmt.Sprintf("install %s %s", a.Name, a.To)
	case providers.Remove:
		return fmt.Sprintf("remove %s %s", a.Name, a.From)
	default:
		return fmt.Sprintf("%s %s from %s to %s", a.Op, a.Name, a.From, a.To)
	}
}

func allWords(list []providers.Action) string {
	var out []string
	for _, a := range list {
		out = append(out, words(a))
	}
	return brief(out)
}
