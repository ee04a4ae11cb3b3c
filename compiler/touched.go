package compiler

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/ringfence/ringfence/compiler/repository"
)

// Touched names the tenants that may compile to something else in two trees, sorted: those whose own folders differ,
// or all of both trees where a file differs that several tenants can read. A tenant that is not named has the same
// policy in both, and need not be compiled to know it. Of trees that know digests of folders no tenant is read.
func Touched(base, head fs.FS) ([]string, error) {
	was, err := repository.Shared(base)
	if err != nil {
		return nil, fmt.Errorf("read the files that tenants share: %w", err)
	}
	is, err := repository.Shared(head)
	if err != nil {
		return nil, fmt.Errorf("read the files that tenants share: %w", err)
	}
	names := map[string]bool{}
	for _, tree := range []fs.FS{base, head} {
		for _, name := range Tenants(tree) {
			names[name] = true
		}
	}
	list := slices.Sorted(maps.Keys(names))
	if digestOf(was) != digestOf(is) || faulty(was) || faulty(is) {
		return list, nil
	}
	return slices.DeleteFunc(list, func(name string) bool {
		a, ok := tenantDigest(base, name)
		b, also := tenantDigest(head, name)
		return ok && also && a == b
	}), nil
}

// tenantDigest covers all files of a tenant's folder; ok is false where they cannot all be read.
func tenantDigest(tree fs.FS, name string) (digest string, ok bool) {
	if d, knows := tree.(Digester); knows {
		return d.DirDigest(repository.TenantDir(name))
	}
	list, err := repository.OfTenant(tree, name)
	return digestOf(list), err == nil && !faulty(list)
}
