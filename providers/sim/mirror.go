package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	debversion "github.com/knqyf263/go-deb-version"
	"github.com/package-url/packageurl-go"

	"github.com/ringfence/ringfence/providers"
)

// update is one entry of updates.
type update struct {
	Name       string   `yaml:"name"`
	Version    string   `yaml:"version"`
	Arch       string   `yaml:"arch"`
	Distro     string   `yaml:"distro"`
	Class      string   `yaml:"class"`
	Severity   string   `yaml:"severity"`
	Origin     string   `yaml:"origin"`
	Released   *instant `yaml:"released"`
	Published  *instant `yaml:"published"`
	Advisories []string `yaml:"advisories"`
	CVEs       []string `yaml:"cves"`
	Exploited  bool     `yaml:"exploited"`
	Reboot     string   `yaml:"reboot"`
	Depends    []string `yaml:"depends"`
	Restarts   []string `yaml:"restarts"`
	Size       int64    `yaml:"size"`
}

func (u *update) purl() string {
	qualifiers := packageurl.QualifiersFromMap(map[string]string{"arch": u.Arch})
	return packageurl.NewPackageURL("deb", u.Distro, u.Name, u.Version, qualifiers, "").ToString()
}

func (u *update) publishedAt(at time.Time) bool { return u.Published == nil || !u.Published.After(at) }

// mirror holds the updates by name, versions ascending.
type mirror map[string][]*update

func (m mirror) add(u *update) error {
	for _, other := range m[u.Name] {
		if other.Version == u.Version && other.Distro == u.Distro && other.Arch == u.Arch {
			return fmt.Errorf("there are two updates %s %s", u.Name, u.Version)
		}
	}
	m[u.Name] = append(m[u.Name], u)
	return nil
}

func (m mirror) checkDepends(u *update) error {
	if u == nil {
		return nil
	}
	for _, name := range u.Depends {
		if len(m[name]) == 0 {
			return fmt.Errorf("%s depends on %s, which has no entry in updates", u.Name, name)
		}
	}
	return nil
}

func (m mirror) sort() {
	for _, list := range m {
		slices.SortStableFunc(list, func(a, b *update) int { return compareVersions(a.Version, b.Version) })
	}
}

// offers returns what the mirror has for a package of the host at an instant, ascending.
func (m mirror) offers(h *host, name string, at time.Time) []*update {
	distro, _, _ := strings.Cut(h.OS, " ")
	var out []*update
	for _, u := range m[name] {
		if u.Distro == distro && (u.Arch == h.Arch || u.Arch == "all") && u.publishedAt(at) {
			out = append(out, u)
		}
	}
	return out
}

// arch returns the architecture of a package on the host, also where it was never updated.
func (m mirror) arch(h *host, name string) string {
	for _, u := range m[name] {
		if u.Arch == h.Arch || u.Arch == "all" {
			return u.Arch
		}
	}
	return h.Arch
}

// describe returns the newest of offers in the contract's words. It depends on no host, since a snapshot holds it once.
func describe(offers []*update) providers.Update {
	u := offers[len(offers)-1]
	out := providers.Update{
		PURL: u.purl(), Name: u.Name, Version: u.Version, Arch: u.Arch, Class: u.Class, Severity: u.Severity,
		Origin: u.Origin, Advisories: u.Advisories, CVEs: u.CVEs, Exploited: u.Exploited, Reboot: u.Reboot,
	}
	if u.Released != nil {
		out.Released = &u.Released.Time
	}
	for _, older := range offers[:len(offers)-1] {
		out.Supersedes = append(out.Supersedes, older.purl())
	}
	slices.Sort(out.Supersedes)
	return out
}

func parseVersion(v string) (debversion.Version, error) { return debversion.NewVersion(v) }

// compareVersions compares as dpkg does; both were parsed when the fleet was read.
func compareVersions(a, b string) int {
	va, errA := parseVersion(a)
	vb, errB := parseVersion(b)
	if errA != nil || errB != nil {
		return strings.Compare(a, b)
	}
	return va.Compare(vb)
}
