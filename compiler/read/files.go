package read

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/load"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/suggest"
)

// modulesOf collects the Rego that decides for a tenant: the shared one and its own, sorted by path.
func modulesOf(t *load.Tree, dir string) ([]policy.Module, diag.List) {
	out := []policy.Module{}
	for _, d := range []string{repository.BaselineDir, dir} {
		entries, err := t.ReadDir(d)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		for _, e := range entries {
			if !repository.IsRego(e.Name()) {
				continue
			}
			name := path.Join(d, e.Name())
			if data, err := t.ReadFile(name); err == nil {
				out = append(out, policy.Module{Path: name, Text: string(data)})
			}
		}
	}
	return out, t.Refused()
}

// noFile says that a file is not there, and which one may be meant.
func noFile(t *load.Tree, dir string, code diag.Code, at node, full string) diag.Diagnostic {
	var beside []string
	entries, _ := t.ReadDir(path.Dir(full))
	for _, e := range entries {
		if !e.IsDir() && path.Ext(e.Name()) == path.Ext(full) {
			beside = append(beside, e.Name())
		}
	}
	if inside := strings.TrimPrefix(full, dir+"/"+dir+"/"); inside != full {
		return diag.New(code, "%s names a file that does not exist: %s", at.name(), full).
			WithFix("paths are relative to the tenant's directory: write %q", inside)
	}
	return diag.New(code, "%s names a file that does not exist: %s%s", at.name(), full, suggest.Tail(path.Base(full), beside)).
		WithFix("paths are relative to the tenant's directory")
}

// hostsOf reads the hosts files that a tenant names; none of them may lie outside its directory.
func hostsOf(t *load.Tree, dir string, files []node, providers []string) ([]policy.Host, diag.List) {
	var (
		in    []inventory.File
		diags diag.List
	)
	for _, f := range files {
		full := path.Join(dir, f.str("a file's path"))
		data, err := t.ReadFile(full)
		switch {
		case errors.Is(err, load.ErrRefused):
		case errors.Is(err, fs.ErrNotExist):
			f.rejectWith(noFile(t, dir, diag.BadHostsFile, f, full))
		case err != nil:
			f.reject(diag.BadHostsFile, "names a file that cannot be read: %s", full)
		default:
			in = append(in, inventory.File{Path: full, Data: data})
		}
	}
	hosts, list := inventory.ReadHosts(in, providers)
	diags = append(diags, t.Refused()...)
	return hosts, append(diags, list...)
}
