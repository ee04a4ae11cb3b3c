package runner

import (
	"fmt"
	"slices"

	"github.com/package-url/packageurl-go"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/providers"
)

// The grammars are wider than any one package system's and narrower than anything that could be an option, a path or
// markup. Providers and the broker check their own, narrower ones.
var (
	packageName    = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9+._:-]{0,127}$`)
	packageVersion = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9+._:~^-]{0,127}$`)
)

const (
	maxPackages = 50_000
	maxText     = 300
	maxList     = 1_000
)

// validate refuses a scan with a name or version that no package system has: it came from a hostile or broken host,
// and nothing of such a scan is believed.
func validate(scan providers.HostScan) error {
	if len(scan.Installed) > maxPackages || len(scan.Missing) > maxPackages {
		return fmt.Errorf("the host names more than %d packages", maxPackages)
	}
	for _, p := range scan.Installed {
		if err := checkPackage(p.Name, p.Version); err != nil {
			return err
		}
	}
	for _, m := range scan.Missing {
		if err := checkUpdate(m.Update); err != nil {
			return err
		}
		if m.From != "" && !packageVersion.MatchString(m.From) {
			return badName("version", m.From)
		}
	}
	return nil
}

func checkPackage(name, version string) error {
	if !packageName.MatchString(name) {
		return badName("package name", name)
	}
	if !packageVersion.MatchString(version) {
		return badName("version", version)
	}
	return nil
}

// checkUpdate also holds the purl against name and version: it is the update's identity and must not say otherwise.
func checkUpdate(u providers.Update) error {
	if err := checkPackage(u.Name, u.Version); err != nil {
		return err
	}
	p, err := packageurl.FromString(u.PURL)
	if err != nil || p.Name != u.Name || p.Version != u.Version || len(u.PURL) > maxText {
		return badName("purl", u.PURL)
	}
	if !slices.Contains(inventory.Classes, inventory.Class(u.Class)) || !slices.Contains(inventory.Severities, u.Severity) {
		return badName("class or severity", u.Class+"/"+u.Severity)
	}
	return nil
}

func badName(what, value string) error {
	return diag.New(diag.BadPackageName, "the host names a %s that no package system has: %q", what, untrusted.Line(value, 60)).
		WithFix("nothing of this scan is believed; look at the host")
}
