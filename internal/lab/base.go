//go:build linux

package lab

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// pending are the packages with a genuine security update: small, quick to configure, and none of them restarts
// anything the lab needs.
var pending = []string{"libexpat1", "liblzma5", "libpcre2-8-0", "tzdata"}

// included are the packages beside the essential ones. The hosts have no systemd and no python, like many images.
var included = append([]string{"openssh-server", "sudo", "ca-certificates", "procps", "iproute2", "apt-utils", "debconf"}, pending...)

//go:embed scripts/finish.sh
var finishScript string

func baseRecipe() []string {
	return append([]string{"2", release, debArch(), finishScript}, included...)
}

// makeBase debootstraps from the archive's main suite alone, so that its security suite has something to offer, and
// brings both versions of the pending packages along. The tarball serves whoever cannot use the unpacked root, as
// its files belong to the one who built it.
func (b *builder) makeBase(ctx context.Context, tmp string) error {
	if err := tools(buildTools); err != nil {
		return err
	}
	from, err := findArchive(ctx, b.mirrorFlag)
	if err != nil {
		return err
	}
	if err := b.bootstrap(ctx, from, tmp); err != nil {
		return err
	}
	return b.unpack(ctx, filepath.Join(tmp, tarball), filepath.Join(tmp, "root"))
}

const tarball = "root.tar.zst"

func (b *builder) bootstrap(ctx context.Context, from archive, tmp string) error {
	script := filepath.Join(tmp, "finish.sh")
	if err := put(script, []byte(finishScript), 0o755); err != nil {
		return err
	}
	argv := []string{
		"mmdebstrap", "--mode=" + bootstrapMode(), "--variant=minbase", "--include=" + strings.Join(included, ","),
		"--aptopt=Apt::Install-Recommends false", "--dpkgopt=force-unsafe-io", "--skip=output/dev",
	}
	for _, dir := range []string{"man", "doc", "locale", "info"} {
		argv = append(argv, "--dpkgopt=path-exclude=/usr/share/"+dir+"/*")
	}
	finish := strings.Join(append([]string{"/finish.sh", from.main, from.security}, pending...), " ")
	argv = append(argv,
		"--customize-hook=upload "+script+" /finish.sh",
		`--customize-hook=chroot "$1" sh `+finish,
		"--customize-hook=copy-out /var/tmp/debs "+tmp,
		`--customize-hook=rm -rf "$1/var/tmp/debs" "$1/finish.sh"`,
		release, filepath.Join(tmp, tarball), fmt.Sprintf("deb %s %s main", from.main, release))
	return b.run(ctx, argv...)
}

func bootstrapMode() string {
	if os.Geteuid() == 0 {
		return "root"
	}
	return "unshare"
}

func (b *builder) unpack(ctx context.Context, tarball, root string) error {
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	return b.run(ctx, asRoot("tar", "-C", root, "-I", "zstd", "--numeric-owner", "-xpf", tarball)...)
}
