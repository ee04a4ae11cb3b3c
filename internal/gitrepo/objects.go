package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/objfile"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// Alternates lead to further object folders. A repository could name itself or thousands.
const (
	maxAlternateDepth = 5
	maxObjectDirs     = 32
)

// store reads objects of one repository and its alternates. Every object is measured before it is read and its hash
// is compared after, so a damaged or swapped object is never taken for what its name says.
type store struct {
	mu   sync.Mutex // go-git's storage builds its index lazily and is not safe for concurrent use
	dirs []objectDir
	held int // by readers of many objects, between which packs stay open
}

// Short is as much of a hash as a person needs to find its object.
func Short(hash string) string { return hash[:min(12, len(hash))] }

type objectDir struct {
	path  string
	packs *filesystem.ObjectStorage
}

func openStore(objects string) (*store, error) {
	s := &store{}
	if err := s.add(objects, 0); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *store) add(path string, depth int) error {
	real, err := filepath.EvalSymlinks(path)
	if depth > 0 && errors.Is(err, os.ErrNotExist) {
		return nil // git only warns of it; an object that was there will be missed by name
	}
	if err != nil {
		return fmt.Errorf("object folder: %w", err)
	}
	for _, d := range s.dirs {
		if d.path == real {
			return nil
		}
	}
	if depth > maxAlternateDepth || len(s.dirs) >= maxObjectDirs {
		return &RefusedError{Path: path, Why: "too many alternate object folders"}
	}
	s.dirs = append(s.dirs, objectDir{path: real, packs: packsIn(real)})
	names, err := alternates(real)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.add(name, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func alternates(objects string) ([]string, error) {
	f, err := os.Open(filepath.Join(objects, "info", "alternates"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return nil, err
	}
	var paths []string
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !filepath.IsAbs(line) {
			line = filepath.Join(objects, line)
		}
		paths = append(paths, line)
	}
	return paths, nil
}

func packsIn(objects string) *filesystem.ObjectStorage {
	dir := dotgit.New(objectsFS{osfs.New(objects)})
	return filesystem.NewObjectStorageWithOptions(dir, cache.NewObjectLRU(16*cache.MiByte), filesystem.Options{KeepDescriptors: true})
}

// Hold keeps packs open until its result is called, for whoever reads many objects.
func (r *Repo) Hold() (release func()) { return r.objects.hold() }

// hold keeps packs open from one read to the next until its result is called: opening one costs more than most objects.
func (s *store) hold() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held--
		s.close()
	}
}

// close closes what no reader holds.
func (s *store) close() {
	if s.held > 0 {
		return
	}
	for _, d := range s.dirs {
		_ = d.packs.Close() // only read from
	}
}

// objectsFS shows an object folder to go-git as a repository that has nothing else, and no alternates: go-git follows
// those without end when a repository names itself.
type objectsFS struct{ billy.Filesystem }

func inObjects(name string) (string, error) {
	name = filepath.ToSlash(name)
	rest, ok := strings.CutPrefix(strings.TrimPrefix(name, "/"), "objects")
	if !ok || rest == "/info/alternates" {
		return "", os.ErrNotExist
	}
	return filepath.FromSlash("." + rest), nil
}

func (f objectsFS) Open(name string) (billy.File, error) {
	in, err := inObjects(name)
	if err != nil {
		return nil, err
	}
	file, err := f.Filesystem.Open(in)
	if err != nil {
		return nil, err
	}
	return named{file, name}, nil
}

// named is a file under the name that it was opened by: go-git opens a pack again by that name to resolve deltas.
type named struct {
	billy.File
	name string
}

func (f named) Name() string { return f.name }

func (f objectsFS) Stat(name string) (os.FileInfo, error) {
	in, err := inObjects(name)
	if err != nil {
		return nil, err
	}
	return f.Filesystem.Stat(in)
}

func (f objectsFS) ReadDir(name string) ([]os.FileInfo, error) {
	in, err := inObjects(name)
	if err != nil {
		return nil, err
	}
	return f.Filesystem.ReadDir(in)
}

// read returns the content of an object of that type. One over limit bytes is a *tooLarge; it is not read.
func (s *store) read(h plumbing.Hash, want plumbing.ObjectType, limit int64) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.close()
	raw, typ, err := s.find(h, limit)
	if errors.Is(err, plumbing.ErrObjectNotFound) || errors.Is(err, dotgit.ErrPackfileNotFound) {
		for _, d := range s.dirs { // another process may have packed or fetched meanwhile
			d.packs.Reindex()
		}
		raw, typ, err = s.find(h, limit)
	}
	switch {
	case errors.Is(err, plumbing.ErrObjectNotFound):
		return nil, fmt.Errorf("%s %s: %w", want, h, s.missing())
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", want, h, err)
	case typ != want:
		return nil, fmt.Errorf("%s is a %s, not a %s: %w", h, typ, want, ErrCorrupt)
	case plumbing.ComputeHash(typ, raw) != h:
		return nil, fmt.Errorf("%s %s does not have the content that its name says: %w", want, h, ErrCorrupt)
	}
	return raw, nil
}

// missing is ErrNoObject, and ErrPartial where objects were left out when the repository was cloned: packs of such a
// clone have a file that says so.
func (s *store) missing() error {
	for _, d := range s.dirs {
		if promised, _ := filepath.Glob(filepath.Join(d.path, "pack", "*.promisor")); len(promised) > 0 {
			return fmt.Errorf("%w: %w", ErrNoObject, ErrPartial)
		}
	}
	return ErrNoObject
}

func (s *store) find(h plumbing.Hash, limit int64) ([]byte, plumbing.ObjectType, error) {
	for _, d := range s.dirs {
		raw, typ, err := d.loose(h, limit)
		if errors.Is(err, os.ErrNotExist) {
			raw, typ, err = d.packed(h, limit)
		}
		if !errors.Is(err, plumbing.ErrObjectNotFound) {
			return raw, typ, err
		}
	}
	return nil, 0, plumbing.ErrObjectNotFound
}

// loose reads exactly as many bytes as the object's header claims, however far its stream would inflate.
func (d objectDir) loose(h plumbing.Hash, limit int64) ([]byte, plumbing.ObjectType, error) {
	name := h.String()
	f, err := os.Open(filepath.Join(d.path, name[:2], name[2:]))
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	r, err := objfile.NewReader(f)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	defer r.Close()
	typ, size, err := r.Header()
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if size > limit {
		return nil, 0, &tooLarge{size: size, limit: limit}
	}
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(r, size+1))
	if err != nil || n != size {
		return nil, 0, fmt.Errorf("%w: it has not the length that it says", ErrCorrupt)
	}
	return b.Bytes(), typ, nil
}

func (d objectDir) packed(h plumbing.Hash, limit int64) ([]byte, plumbing.ObjectType, error) {
	size, err := d.packs.EncodedObjectSize(h)
	if err != nil {
		return nil, 0, err
	}
	if size > limit {
		return nil, 0, &tooLarge{size: size, limit: limit}
	}
	obj, err := d.packs.EncodedObject(plumbing.AnyObject, h)
	if err != nil {
		return nil, 0, err
	}
	r, err := obj.Reader()
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	return raw, obj.Type(), err
}

// tooLarge is turned into a RefusedError by whoever knows the path.
type tooLarge struct{ size, limit int64 }

func (e *tooLarge) Error() string {
	return fmt.Sprintf("%d bytes, more than the %d that are read", e.size, e.limit)
}
