package providertest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/ringfence/ringfence/providers"
)

func describeIsPure(s *subject) {
	if err := s.desc.Validate(); err != nil {
		s.Errorf("the description is invalid: %v", err)
	}
	again, err := s.Provider.Describe(s.Context())
	if err != nil || !reflect.DeepEqual(again, s.desc) {
		s.Errorf("a second answer differs: %+v, %v", again, err)
	}
	if _, ok := s.Provider.(providers.Rebooter); s.desc.CanReboot && !ok {
		s.Error("it claims to reboot hosts but is no Rebooter")
	}
}

func scanRepeats(s *subject) {
	first, second := s.scan(s.Missing), s.scan(s.Missing)
	if !reflect.DeepEqual(first, second) {
		s.Errorf("two scans differ:\n%+v\n%+v", first, second)
	}
	if first.OS == "" || first.BootID == "" || len(first.Missing) < 2 {
		s.Fatalf("a scan needs an operating system, a boot id and here two missing updates: %+v", first)
	}
	for i, m := range first.Missing {
		u := m.Update
		if u.PURL == "" || u.Name == "" || u.Version == "" || m.From == "" || m.From == u.Version {
			s.Errorf("a missing update is incomplete: %+v", m)
		}
		if version(first, u.Name, u.Arch) != m.From {
			s.Errorf("%s is missing from %s, but installed is %q", u.Name, m.From, version(first, u.Name, u.Arch))
		}
		if slices.ContainsFunc(first.Missing[:i], func(o providers.Missing) bool { return o.Update.Name == u.Name && o.Update.Arch == u.Arch }) {
			s.Errorf("%s is missing twice; superseded versions are not missing", u.Name)
		}
	}
}

func previewChangesNothing(s *subject) {
	before := s.scan(s.Missing)
	r := s.change(s.Missing, target(before.Missing[0]))
	first, second := s.preview(r), s.preview(r)
	if !reflect.DeepEqual(first, second) {
		s.Errorf("two previews differ:\n%+v\n%+v", first, second)
	}
	s.same(s.Missing, before)
	if len(first.Actions) != 1 || !isUpgrade(first.Actions[0], r.Targets[0]) {
		s.Errorf("the preview of %+v is %+v", r.Targets, first.Actions)
	}
}

func applyIsExact(s *subject) {
	before := s.scan(s.Missing)
	r := s.change(s.Missing, target(before.Missing[0]))
	preview, result := s.preview(r), s.apply(r)
	if result.State != providers.Done || !reflect.DeepEqual(result.Actions, preview.Actions) {
		s.Errorf("previewed %+v, got %+v", preview.Actions, result)
	}
	after := s.scan(s.Missing)
	wanted := slices.Clone(before.Installed)
	for i := range wanted {
		if wanted[i].Name == r.Targets[0].Name && wanted[i].Arch == r.Targets[0].Arch {
			wanted[i].Version = r.Targets[0].To
		}
	}
	if !reflect.DeepEqual(after.Installed, wanted) {
		s.Errorf("installed afterwards:\n%+v\nwanted:\n%+v", after.Installed, wanted)
	}
	if len(after.Missing) != len(before.Missing)-1 {
		s.Errorf("%d updates were missing, now %d", len(before.Missing), len(after.Missing))
	}
}

func applyTwice(s *subject) {
	r := s.change(s.Missing, target(s.scan(s.Missing).Missing[0]))
	s.apply(r)
	before := s.scan(s.Missing)
	r.ActionID = "check-2"
	if result := s.apply(r); result.State != providers.Done || len(result.Actions) > 0 {
		s.Errorf("the second apply of the same target: %+v", result)
	}
	s.same(s.Missing, before)
}

func applyRefusesMovedHost(s *subject) {
	before := s.scan(s.Missing)
	wrong := target(before.Missing[0])
	wrong.From = "0.0.1-1"
	s.untouched(before, s.change(s.Missing, wrong))
}

func applyRefusesUnknown(s *subject) {
	before := s.scan(s.Missing)
	unoffered := target(before.Missing[0])
	unoffered.To += "+nobody1"
	s.untouched(before, s.change(s.Missing, unoffered))
	unknown := providers.Target{PURL: "pkg:deb/debian/no-such-package@2", Name: "no-such-package", Arch: unoffered.Arch, From: "1", To: "2"}
	s.untouched(before, s.change(s.Missing, target(before.Missing[1]), unknown))
}

// applyStaysInClosure: the same change is refused without, and done with, the closure that the preview saw.
func applyStaysInClosure(s *subject) {
	if s.PullsIn.Name == "" {
		s.Skip("this world has no host whose update pulls in a package")
	}
	before := s.scan(s.PullsIn)
	i := slices.IndexFunc(before.Missing, func(m providers.Missing) bool { return m.Update.Name == s.PullsInPackage })
	if i < 0 {
		s.Fatalf("%s is not missing on %s", s.PullsInPackage, s.PullsIn.Name)
	}
	r := s.change(s.PullsIn, target(before.Missing[i]))
	preview := s.preview(r)
	if len(preview.Actions) < 2 {
		s.Fatalf("the preview shows nothing beside the target: %+v", preview.Actions)
	}
	s.untouched(before, r)
	for _, a := range preview.Actions {
		if !isUpgrade(a, r.Targets[0]) {
			r.Closure = append(r.Closure, a)
		}
	}
	if result := s.apply(r); result.State != providers.Done || !reflect.DeepEqual(result.Actions, preview.Actions) {
		s.Errorf("within the closure: %+v", result)
	}
	after := s.scan(s.PullsIn)
	for _, a := range preview.Actions {
		if a.Op != providers.Remove && version(after, a.Name, a.Arch) != a.To {
			s.Errorf("%s is at %q, not at %s", a.Name, version(after, a.Name, a.Arch), a.To)
		}
	}
}

func heldStays(s *subject) {
	if s.Held.Name == "" {
		s.Skip("this world has no host with a held package")
	}
	before := s.scan(s.Held)
	i := slices.IndexFunc(before.Missing, func(m providers.Missing) bool { return m.Held })
	if i < 0 || !slices.Contains(before.Held, before.Missing[i].Update.Name) {
		s.Fatalf("no missing update is reported as held: %+v %v", before.Missing, before.Held)
	}
	r := s.change(s.Held, target(before.Missing[i]))
	if preview := s.preview(r); len(preview.Actions) > 0 || !slices.Contains(preview.Held, r.Targets[0].Name) {
		s.Errorf("the preview of a held package: %+v", preview)
	}
	s.untouched(before, r)
}

func unreachableIsSaid(s *subject) {
	if s.Unreachable.Name == "" {
		s.Skip("this world has no unreachable host")
	}
	host := s.Unreachable
	_, scanErr := s.Provider.Scan(s.Context(), providers.ScanRequest{Host: host, At: s.At}, s.on(host, false))
	r := s.change(host, providers.Target{PURL: "pkg:deb/debian/curl@2-1", Name: "curl", Arch: "amd64", From: "1-1", To: "2-1"})
	_, previewErr := s.Provider.Preview(s.Context(), r, s.on(host, false))
	_, applyErr := s.Provider.Apply(s.Context(), r, s.on(host, true))
	for verb, err := range map[string]error{"scan": scanErr, "preview": previewErr, "apply": applyErr} {
		if !errors.Is(err, providers.ErrUnreachable) {
			s.Errorf("%s: %v", verb, err)
		}
	}
}

func cancelEnds(s *subject) {
	before := s.scan(s.Missing)
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if _, err := s.Provider.Scan(ctx, providers.ScanRequest{Host: s.Missing, At: s.At}, s.on(s.Missing, false)); err == nil {
		s.Error("a cancelled scan returned hosts")
	}
	r := s.change(s.Missing, target(before.Missing[0]))
	if result, err := s.Provider.Apply(ctx, r, s.on(s.Missing, true)); err == nil && result.State != providers.Untouched {
		s.Errorf("a cancelled apply: %+v", result)
	}
	s.same(s.Missing, before)
}

// silent is a host that accepts commands and never answers.
type silent struct{}

func (silent) Run(ctx context.Context, _ string, _ map[string][]string) (providers.Output, error) {
	<-ctx.Done()
	return providers.Output{}, ctx.Err()
}

func cancelLeavesHanging(s *subject) {
	if s.World.Exec == nil {
		s.Skip("this is a provider without connections")
	}
	s.World.Exec = func(providers.HostRef) providers.Exec { return silent{} }
	ctx, cancel := context.WithCancel(s.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := s.Provider.Scan(ctx, providers.ScanRequest{Host: s.Missing, At: s.At}, s.on(s.Missing, false)); err == nil {
		s.Error("a scan of a host that never answers succeeded")
	}
}

func rebootChangesBootID(s *subject) {
	rebooter, ok := s.Provider.(providers.Rebooter)
	if !ok || !s.desc.CanReboot {
		s.Skip("this provider does not reboot")
	}
	before := s.scan(s.Missing)
	if err := rebooter.Reboot(s.Context(), s.Missing, s.on(s.Missing, true)); err != nil {
		s.Fatalf("reboot: %v", err)
	}
	if after := s.scan(s.Missing); after.BootID == before.BootID || after.RebootPending {
		s.Errorf("the boot id was %s and is %s, pending %t", before.BootID, after.BootID, after.RebootPending)
	}
}
