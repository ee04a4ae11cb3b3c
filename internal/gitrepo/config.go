package gitrepo

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/config"
)

// maxConfig bounds a repository's own configuration file.
const maxConfig = 1 << 20

// supported refuses what go-git would misread without a word: refs in a reftable, objects named by SHA-256. Git of
// this machine may know both, so its own refusal is not enough. Other extensions (worktreeConfig, partialClone)
// change nothing of what is read here.
func supported(commonDir string) error {
	f, err := os.Open(filepath.Join(commonDir, "config"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the repository's configuration: %w", err)
	}
	defer f.Close()
	cfg := config.New()
	if err := config.NewDecoder(io.LimitReader(f, maxConfig)).Decode(cfg); err != nil {
		return fmt.Errorf("read the repository's configuration: %w", err)
	}
	for _, o := range cfg.Section("extensions").Options {
		value := strings.ToLower(o.Value)
		switch strings.ToLower(o.Key) {
		case "refstorage":
			if value != "files" {
				return &UnsupportedError{Dir: commonDir, What: "refs are stored as " + value}
			}
		case "objectformat", "compatobjectformat":
			if value != "sha1" {
				return &UnsupportedError{Dir: commonDir, What: "objects are named by " + value}
			}
		}
	}
	return nil
}
