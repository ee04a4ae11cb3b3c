package plugin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ringfence/ringfence/providers"
	providerv1 "github.com/ringfence/ringfence/providers/proto/v1"
)

// The closed sets of the contract; the empty string means unknown.
var (
	classes    = []string{"", "security", "bugfix", "enhancement", "definition", "driver", "feature", "unknown"}
	severities = []string{"", "critical", "high", "medium", "low", "unknown"}
	reboots    = []string{"", "yes", "no", "unknown"}
)

// text makes a string fit for the wire, which admits UTF-8 only.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func texts(in []string) []string { return convert(in, text) }

func convert[A, B any](in []A, f func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

func convertErr[A, B any](in []A, f func(A) (B, error)) ([]B, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := make([]B, len(in))
	for i, v := range in {
		var err error
		if out[i], err = f(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func oneOf(what, value string, set []string) error {
	if slices.Contains(set, value) {
		return nil
	}
	return fmt.Errorf("%w: %.40q is no %s", ErrBadAnswer, value, what)
}

func hostToWire(h providers.HostRef) *providerv1.HostRef {
	return &providerv1.HostRef{Tenant: text(h.Tenant), Name: text(h.Name)}
}

func hostFromWire(h *providerv1.HostRef) providers.HostRef {
	return providers.HostRef{Tenant: h.GetTenant(), Name: h.GetName()}
}

func instantToWire(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func instantFromWire(t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if err := t.CheckValid(); err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	return t.AsTime(), nil
}

func scanToWire(s providers.HostScan) *providerv1.HostScan {
	return &providerv1.HostScan{
		Os: text(s.OS), BootId: text(s.BootID), Kernel: text(s.Kernel),
		RebootPending: s.RebootPending, RebootWhy: texts(s.RebootWhy),
		Installed: convert(s.Installed, packageToWire),
		Missing:   convert(s.Missing, missingToWire),
		Held:      texts(s.Held), Notes: texts(s.Notes),
	}
}

func scanFromWire(s *providerv1.HostScan) (providers.HostScan, error) {
	missing, err := convertErr(s.GetMissing(), missingFromWire)
	return providers.HostScan{
		OS: s.GetOs(), BootID: s.GetBootId(), Kernel: s.GetKernel(),
		RebootPending: s.GetRebootPending(), RebootWhy: s.GetRebootWhy(),
		Installed: convert(s.GetInstalled(), packageFromWire),
		Missing:   missing,
		Held:      s.GetHeld(), Notes: s.GetNotes(),
	}, err
}

func packageToWire(p providers.Package) *providerv1.Package {
	return &providerv1.Package{Name: text(p.Name), Arch: text(p.Arch), Version: text(p.Version)}
}

func packageFromWire(p *providerv1.Package) providers.Package {
	return providers.Package{Name: p.GetName(), Arch: p.GetArch(), Version: p.GetVersion()}
}

func missingToWire(m providers.Missing) *providerv1.Missing {
	return &providerv1.Missing{Update: updateToWire(m.Update), From: text(m.From), Held: m.Held}
}

func missingFromWire(m *providerv1.Missing) (providers.Missing, error) {
	u, err := updateFromWire(m.GetUpdate())
	return providers.Missing{Update: u, From: m.GetFrom(), Held: m.GetHeld()}, err
}

func updateToWire(u providers.Update) *providerv1.Update {
	w := &providerv1.Update{
		Purl: text(u.PURL), Name: text(u.Name), Version: text(u.Version), Arch: text(u.Arch),
		Class: text(u.Class), Severity: text(u.Severity), Origin: text(u.Origin),
		Advisories: texts(u.Advisories), Cves: texts(u.CVEs), Exploited: u.Exploited,
		Supersedes: texts(u.Supersedes), Reboot: text(u.Reboot),
	}
	if u.Released != nil {
		w.Released = timestamppb.New(*u.Released)
	}
	return w
}

func updateFromWire(w *providerv1.Update) (providers.Update, error) {
	u := providers.Update{
		PURL: w.GetPurl(), Name: w.GetName(), Version: w.GetVersion(), Arch: w.GetArch(),
		Class: w.GetClass(), Severity: w.GetSeverity(), Origin: w.GetOrigin(),
		Advisories: w.GetAdvisories(), CVEs: w.GetCves(), Exploited: w.GetExploited(),
		Supersedes: w.GetSupersedes(), Reboot: w.GetReboot(),
	}
	if w.GetReleased() != nil {
		released, err := instantFromWire(w.GetReleased())
		if err != nil {
			return u, err
		}
		u.Released = &released
	}
	for _, check := range []struct {
		what, value string
		set         []string
	}{{"class", u.Class, classes}, {"severity", u.Severity, severities}, {"answer about a reboot", u.Reboot, reboots}} {
		if err := oneOf(check.what, check.value, check.set); err != nil {
			return u, err
		}
	}
	if u.Name == "" || u.Version == "" || u.PURL == "" {
		return u, fmt.Errorf("%w: an update lacks its purl, name or version", ErrBadAnswer)
	}
	return u, nil
}
