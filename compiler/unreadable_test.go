package compiler_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/policies"
)

// sealed is a tree in which one file may not be read.
type sealed struct {
	fs.FS
	file string
}

func (s sealed) Open(name string) (fs.File, error) {
	if name == s.file {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return s.FS.Open(name)
}

// TestAFileThatMayNotBeRead: the way out is about rights, and the other tenant compiles.
func TestAFileThatMayNotBeRead(t *testing.T) {
	set, list := compiler.Compile(t.Context(), sealed{policies.Scaffold(), "tenants/acme/tenant.cue"}, compiler.Options{})
	if set.Tenant("acme") != nil || set.Tenant("msp-lab") == nil {
		t.Errorf("%d tenants compile", len(set.Tenants))
	}
	if len(list) != 1 || list[0].Code != diag.RefusedFile || !strings.Contains(list[0].Fix, "may read it") {
		t.Errorf("%+v", list)
	}
}
