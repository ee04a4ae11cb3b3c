package apt

import (
	"cmp"
	"slices"
	"strings"

	packageurl "github.com/package-url/packageurl-go"

	"github.com/ringfence/ringfence/internal/lazyregexp"
)

// security says whether an archive holds security updates. It goes by the label in the archive's signed Release file:
// suites are renamed when a release ages (stable-security becomes oldstable-security) and mirrors name them freely,
// labels stay. Debian's is "Debian-Security"; other archives that say so of themselves follow its form. Ubuntu labels
// all pockets alike, so there the suite decides: NAME-security, and the ESM pockets NAME-infra-security and
// NAME-apps-security.
func (a archive) security() bool {
	if strings.HasPrefix(a.label, "Ubuntu") {
		return strings.HasSuffix(a.suite, "-security")
	}
	return strings.HasSuffix(strings.ToLower(a.label), "-security")
}

// origin names where a version comes from: a security archive before others.
func origin(archives []archive) string {
	best := ""
	for _, a := range archives {
		if a.security() {
			return a.label
		}
		best = cmp.Or(best, a.label, a.suite)
	}
	return best
}

// class is "security" when the version is in a security archive, or when the update steps over one that is: a point
// release that is newer than a security update holds its fix. A host that has that fix already gets a point release and
// nothing more, so two hosts may class one version differently. Everything else is "unknown": point releases and
// stable-updates mix bug fixes with the minor security fixes that Debian publishes without an advisory, and third parties
// say nothing.
func class(archives, stepped []archive) string {
	if slices.ContainsFunc(archives, archive.security) || slices.ContainsFunc(stepped, archive.security) {
		return "security"
	}
	return "unknown"
}

// purl is the identity of a version: pkg:deb/DISTRIBUTION/NAME@VERSION?arch=ARCH.
func purl(distribution, name, version, arch string) string {
	q := packageurl.QualifiersFromMap(map[string]string{"arch": arch})
	return packageurl.NewPackageURL("deb", distribution, name, version, q, "").ToString()
}

// needsReboot are packages whose new version does not run before a reboot: the kernel, processor microcode, and what
// cannot be restarted on a running system (pid 1 can re-execute itself, dbus cannot; its postinst asks for a reboot,
// as do libc6 and openssl's library on Ubuntu). apt itself says nothing: this predicts, /run/reboot-required decides.
var needsReboot = lazyregexp.New(`^(linux-image-.*|linux-firmware|firmware-.*|(intel|amd64)-microcode|libc6|dbus|dbus-daemon)$`)

// rebootOf is "yes" or "unknown", never "no": any package's scripts may ask for a reboot.
func rebootOf(name string) string {
	if needsReboot.MatchString(name) {
		return "yes"
	}
	return "unknown"
}
