package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	repo := filepath.Join(dir, "repo")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{nil, 64, "usage: "},
		{[]string{"-tenants", "0", repo}, 64, "usage: "},
		{[]string{"-tenants", "many", repo}, 64, "invalid value"},
		{[]string{repo, "another"}, 64, "usage: "},
		{[]string{"-tenants", "3", repo}, 0, ""},
		{[]string{"-tenants", "3", repo}, 1, "is there already"},
	} {
		var stderr bytes.Buffer
		if code := write(c.args, &stderr); code != c.code || !strings.Contains(stderr.String(), c.says) || c.says == "" && stderr.Len() > 0 {
			t.Errorf("write %v: exit %d, %s", c.args, code, stderr.String())
		}
	}
	if got := compiler.Tenants(os.DirFS(repo)); len(got) != 3 {
		t.Errorf("tenants %v", got)
	}
}
