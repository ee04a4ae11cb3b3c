//go:build linux

package lab

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// verb is something to do with a host from the outside.
type verb struct {
	args string // as shown in the help, with its least number of words
	do   func(ctx context.Context, h *Host, args []string) (string, error)
}

// quiet adapts what has nothing to say.
func quiet(do func(context.Context, *Host, []string) error) func(context.Context, *Host, []string) (string, error) {
	return func(ctx context.Context, h *Host, a []string) (string, error) { return "", do(ctx, h, a) }
}

// verbs on hosts, by name. The first argument of each is the host.
var verbs = map[string]verb{
	"start":  {"", quiet(func(ctx context.Context, h *Host, _ []string) error { return h.Start(ctx) })},
	"stop":   {"", quiet(func(_ context.Context, h *Host, _ []string) error { h.Stop(); return nil })},
	"reset":  {"", quiet(func(ctx context.Context, h *Host, _ []string) error { return h.Reset(ctx) })},
	"reboot": {"", quiet(reboot)},

	"net-down":     {"", quiet(func(_ context.Context, h *Host, _ []string) error { return h.NetDown() })},
	"net-up":       {"", quiet(func(_ context.Context, h *Host, _ []string) error { return h.NetUp() })},
	"new-host-key": {"", quiet(func(ctx context.Context, h *Host, _ []string) error { return h.NewHostKey(ctx) })},
	"drop-ssh":     {"", quiet(func(ctx context.Context, h *Host, _ []string) error { return h.DropSessions(ctx) })},

	"add-suite":    {"SUITE", quiet(func(_ context.Context, h *Host, a []string) error { return h.AddSuite(a[0]) })},
	"remove-suite": {"SUITE", quiet(func(_ context.Context, h *Host, a []string) error { return h.RemoveSuite(a[0]) })},
	"install-old":  {"PACKAGE", quiet(func(ctx context.Context, h *Host, a []string) error { return h.InstallOld(ctx, a[0]) })},
	"hold":         {"PACKAGE...", quiet(func(ctx context.Context, h *Host, a []string) error { return h.Hold(ctx, a...) })},
	"unhold":       {"PACKAGE...", quiet(func(ctx context.Context, h *Host, a []string) error { return h.Unhold(ctx, a...) })},

	"lock":          {"SECONDS", quiet(lock)},
	"interrupt":     {"", quiet(func(ctx context.Context, h *Host, _ []string) error { return h.Interrupt(ctx) })},
	"disk-full":     {"[FOLDER]", quiet(func(ctx context.Context, h *Host, a []string) error { return h.DiskFull(ctx, first(a)) })},
	"disk-free":     {"[FOLDER]", quiet(func(ctx context.Context, h *Host, a []string) error { return h.DiskFree(ctx, first(a)) })},
	"edit-conffile": {"", quiet(func(_ context.Context, h *Host, _ []string) error { return h.EditConffile() })},

	"version": {"PACKAGE", func(ctx context.Context, h *Host, a []string) (string, error) { return h.DpkgVersion(ctx, a[0]) }},
	"console": {"", func(_ context.Context, h *Host, _ []string) (string, error) { return h.Console(), nil }},
	"enter":   {"", enterCommand},
}

func reboot(ctx context.Context, h *Host, _ []string) error {
	before := h.BootID()
	if _, err := h.Run(ctx, "reboot"); err != nil {
		return err
	}
	return h.WaitReboot(ctx, before)
}

func lock(ctx context.Context, h *Host, a []string) error {
	seconds, err := strconv.Atoi(a[0])
	if err != nil {
		return err
	}
	_, err = h.LockDpkg(ctx, time.Duration(seconds)*time.Second)
	return err
}

// enterCommand is the command line that leads into the host, for a caller with a terminal.
func enterCommand(_ context.Context, h *Host, _ []string) (string, error) {
	pid, err := h.firstProcess()
	return strings.Join(append([]string{"nsenter"}, enterFlags(pid)...), "\n"), err
}

func first(words []string) string { return strings.Join(words[:min(1, len(words))], "") }

// Verbs lists what Do understands, a line each.
func Verbs() []string {
	lines := []string{"mirror ok | status N | cut N | stall N | slow N  [END OF PATHS]", "mirror replace SUITE [BY] | hide [PART]"}
	for name, v := range verbs {
		lines = append(lines, strings.TrimSpace(name+" HOST "+v.args))
	}
	sort.Strings(lines)
	return lines
}

// Do executes one command, such as "hold h1 tzdata" or "mirror status 503".
func (l *Lab) Do(ctx context.Context, words []string) (string, error) {
	if len(words) > 1 && words[0] == "mirror" {
		return "", l.Mirror.do(words[1:])
	}
	if len(words) < 2 {
		return "", fmt.Errorf("lab: %q: want a verb and a host", words)
	}
	v, ok := verbs[words[0]]
	if !ok {
		return "", fmt.Errorf("lab: no verb %q", words[0])
	}
	h, err := l.ByName(words[1])
	if err != nil {
		return "", err
	}
	if needs := v.args != "" && v.args[0] != '['; needs && len(words) < 3 {
		return "", fmt.Errorf("lab: %s HOST %s", words[0], v.args)
	}
	return v.do(ctx, h, words[2:])
}

func (m *Mirror) do(words []string) error {
	switch padded := slices.Concat(words, []string{"", ""}); words[0] {
	case "replace":
		m.Replace(padded[1], padded[2])
	case "hide":
		m.Hide(padded[1])
	default:
		f, err := ParseFault(words)
		if err != nil {
			return err
		}
		m.SetFault(f)
	}
	return nil
}
