package fleet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/canonical"
)

// LockFile is where third-party providers are pinned, in the policy repository's root.
const LockFile = "ringfence.lock.json"

// Lock pins third-party providers: what a reviewer saw is what runs. Built-in providers need no entry.
type Lock struct {
	APIVersion string                  `json:"apiVersion"`
	Kind       string                  `json:"kind"` // "Lock"
	Providers  map[string]LockedPlugin `json:"providers"`
}

// LockedPlugin is one provider's pin; Checksums are by platform ("linux_amd64": "sha256:…").
type LockedPlugin struct {
	Checksums map[string]string `json:"checksums"`
}

// ReadLock decodes a lock file strictly; no bytes are an empty lock.
func ReadLock(raw []byte) (Lock, error) {
	l := Lock{APIVersion: canonical.APIVersion, Kind: "Lock", Providers: map[string]LockedPlugin{}}
	if len(raw) == 0 {
		return l, nil
	}
	if err := l.decode(raw); err != nil {
		return l, diag.New(diag.BadSettings, "%s does not decode: %v", LockFile, err).At(diag.Range{File: LockFile})
	}
	return l, nil
}

func (l *Lock) decode(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(l); err != nil {
		return err
	}
	if l.APIVersion != canonical.APIVersion || l.Kind != "Lock" {
		return fmt.Errorf("it is a %q of %q", l.Kind, l.APIVersion)
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("something follows the document")
	}
	if l.Providers == nil { // it says null
		l.Providers = map[string]LockedPlugin{}
	}
	return nil
}

// checksum returns the pinned hex digest of a provider on a platform.
func (l Lock) checksum(name, platform, path string) (string, error) {
	pinned := l.Providers[name].Checksums[platform]
	hexed, ok := bytes.CutPrefix([]byte(pinned), []byte("sha256:"))
	if ok && len(hexed) == sha256.Size*2 {
		return string(hexed), nil
	}
	d := diag.New(diag.ProviderUntrusted, "provider %s is not pinned for %s in %s", name, platform, LockFile)
	if _, err := os.Stat(path); err != nil {
		return "", diag.New(diag.ProviderMissing, "provider %s: there is no program %s", name, path).
			WithFix("correct providers: %s: path in ringfence.cue", name)
	}
	return "", d.WithFix("after looking at the program: ringfence provider lock %s, then commit %s", name, LockFile)
}

// Checksum measures a program as the lock file keeps it.
func Checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// Pin sets the checksum of a provider for a platform; pins of other platforms stay.
func (l Lock) Pin(name, platform, checksum string) {
	p := l.Providers[name]
	if p.Checksums == nil {
		p.Checksums = map[string]string{}
	}
	p.Checksums[platform] = checksum
	l.Providers[name] = p
}
