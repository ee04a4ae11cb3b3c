//go:build linux

package lab

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
)

// buildDebs writes every synthetic package into the folder pool.
func (b *builder) buildDebs(ctx context.Context, pool string) error {
	work, err := os.MkdirTemp("", "lab-deb")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for _, row := range synthetic {
		for _, p := range row.versions() {
			tree := filepath.Join(work, p.name+"_"+p.version)
			if err := p.layOut(tree); err != nil {
				return err
			}
			if err := b.run(ctx, "dpkg-deb", "-Zgzip", "-z1", "--root-owner-group", "-b", tree, pool); err != nil {
				return err
			}
		}
	}
	return nil
}

// layOut writes the package's tree as dpkg-deb wants it.
func (p pkg) layOut(tree string) error {
	files := map[string]string{"usr/share/" + p.name + "/version": p.version + "\n"}
	if p.conffile != "" {
		files[p.conffile] = "setting=" + p.version + "\n"
		files["DEBIAN/conffiles"] = p.conffile + "\n"
	}
	if p.blob > 0 {
		noise := make([]byte, p.blob)
		rand.Read(noise)
		files["usr/share/"+p.name+"/blob"] = string(noise)
	}
	if p.templates != "" {
		files["DEBIAN/templates"] = p.templates
	}
	files["DEBIAN/control"] = p.control()
	for path, content := range files {
		if err := put(filepath.Join(tree, path), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return p.scripts(filepath.Join(tree, "DEBIAN"))
}

func (p pkg) control() string {
	return fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Lab <lab@lab.invalid>\nSection: misc\n"+
		"Priority: optional\n%sDescription: lab package %s\n", p.name, p.version, p.fields, p.name)
}

func (p pkg) scripts(dir string) error {
	const head = "#!/bin/sh\n"
	scripts := map[string]string{"preinst": p.preinst, "postinst": p.postinst, "config": p.config}
	for name, body := range scripts {
		if body == "" {
			continue
		}
		if name == "postinst" {
			body = "[ \"$1\" = configure ] || exit 0\n" + body
		}
		if err := put(filepath.Join(dir, name), []byte(head+body), 0o755); err != nil {
			return err
		}
	}
	return nil
}
