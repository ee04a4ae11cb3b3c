package fleet

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/programfile"
)

func TestOnlyAPinnedProgramRuns(t *testing.T) {
	program := filepath.Join(t.TempDir(), "provider")
	if err := programfile.Write(program, []byte("#!/bin/sh\n")); err != nil {
		t.Fatal(err)
	}
	lock, err := ReadLock(nil)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, lock, program, diag.ProviderUntrusted)
	wantCode(t, lock, program+"-gone", diag.ProviderMissing)
	sum, err := Checksum(program)
	if err != nil {
		t.Fatal(err)
	}
	lock.Pin("own", "plan9_mips", sum)
	wantCode(t, lock, program, diag.ProviderUntrusted) // pinned, for another platform
	lock.Pin("own", Platform(), "md5:1234")
	wantCode(t, lock, program, diag.ProviderUntrusted)
	lock.Pin("own", Platform(), sum)
	if got, err := lock.checksum("own", Platform(), program); err != nil || "sha256:"+got != sum {
		t.Errorf("%s, %v; expected %s", got, err, sum)
	}
	if len(lock.Providers["own"].Checksums) != 2 {
		t.Error("a pin of another platform was lost")
	}
}

func wantCode(t *testing.T, l Lock, program string, code diag.Code) {
	t.Helper()
	_, err := l.checksum("own", Platform(), program)
	var d diag.Diagnostic
	if !errors.As(err, &d) || d.Code != code || d.Fix == "" {
		t.Errorf("%v; expected %s with a fix", err, code)
	}
}

func TestLockFileIsStrict(t *testing.T) {
	for _, raw := range []string{"{", `{"providers": 1}`, `{"providers": {}, "surprise": true}`, `{"kind": "Plan"}`, `{"apiVersion": "ringfence.dev/v9"}`, `{} {}`} {
		if _, err := ReadLock([]byte(raw)); err == nil {
			t.Errorf("%s was accepted", raw)
		}
	}
}

// TestALockOfNothingCanBePinned: a file that says null has no pins yet.
func TestALockOfNothingCanBePinned(t *testing.T) {
	for _, raw := range []string{"", "{}", `{"providers": null}`, `{"providers": {"own": {"checksums": null}}}`} {
		lock, err := ReadLock([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		lock.Pin("own", "plan9_mips", "sha256:1234")
		if got := lock.Providers["own"].Checksums["plan9_mips"]; got != "sha256:1234" {
			t.Errorf("%s: pinned %q", raw, got)
		}
	}
}

func TestBuiltInsDescribeThemselvesByName(t *testing.T) {
	for _, name := range Names() {
		p := Make(name)
		d, err := p.Describe(t.Context())
		if err != nil || d.Name != name || d.Validate() != nil {
			t.Errorf("%s: %+v, %v", name, d.Name, errors.Join(err, d.Validate()))
		}
	}
	if Make("dnf") != nil || !strings.Contains(strings.Join(Names(), " "), "apt") {
		t.Error("the list of built-in providers is not what it says")
	}
}
