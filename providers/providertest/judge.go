package providertest

import (
	"reflect"

	"github.com/ringfence/ringfence/providers"
)

// same fails the check unless the scanned host is what it was.
func (s *subject) same(host providers.HostRef, before providers.HostScan) {
	s.Helper()
	if after := s.scan(host); !reflect.DeepEqual(before, after) {
		s.Errorf("the host %s changed:\n%+v\n%+v", host.Name, before, after)
	}
}

// untouched fails the check unless the change is refused with a reason and the host is what it was.
func (s *subject) untouched(before providers.HostScan, r providers.ChangeRequest) {
	s.Helper()
	result := s.apply(r)
	if result.State != providers.Untouched || result.Reason == "" || len(result.Actions) > 0 {
		s.Errorf("apply of %+v must be refused with a reason, got %+v", r.Targets, result)
	}
	s.same(r.Host, before)
}

func isUpgrade(a providers.Action, t providers.Target) bool {
	return a == providers.Action{Op: providers.Upgrade, Name: t.Name, Arch: t.Arch, From: t.From, To: t.To}
}

// version returns the installed version of a package, or nothing.
func version(scan providers.HostScan, name, arch string) string {
	for _, p := range scan.Installed {
		if p.Name == name && p.Arch == arch {
			return p.Version
		}
	}
	return ""
}
