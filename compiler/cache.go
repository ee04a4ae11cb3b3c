package compiler

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io/fs"

	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/worker"
	"github.com/ringfence/ringfence/policies"
)

// Cache keeps answers by key. Keys are lower-case hexadecimal and cover everything that the answer rests on, so an
// entry is never wrong, only unused; a cache may forget any of them at any time. Both methods may be called
// concurrently. A cache vouches for its bytes: what Get returns was given to Put under that key, whole.
type Cache interface {
	Get(key string) ([]byte, bool)
	Put(key string, data []byte)
}

// Digester is a repository that knows a digest of all that a directory holds without reading it, as Git does.
type Digester interface {
	DirDigest(name string) (string, bool)
}

// keyBase is the part of a key that all answers of one session have in common.
type keyBase struct {
	sum    []byte
	faulty bool // something shared could not be read: nothing may be kept
}

// newKeyBase covers the program, its schema and every shared file.
func newKeyBase(tool string, shared []repository.File) keyBase {
	h := sha256.New()
	put(h, "ringfence answers 2", tool, schemaDigest(), digestOf(shared))
	return keyBase{h.Sum(nil), faulty(shared)}
}

// of is the key of one task; content stands for the task's own files.
func (b keyBase) of(task worker.Task, content string, known []string) string {
	h := sha256.New()
	put(h, string(b.sum), string(task.Kind), task.Name, content)
	put(h, known...)
	return hex.EncodeToString(h.Sum(nil))
}

// put writes texts so that no two lists of them look alike.
func put(h hash.Hash, texts ...string) {
	var n [8]byte
	for _, s := range texts {
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
}

// digestOf covers all that a compilation can see of files.
func digestOf(list []repository.File) string {
	h := sha256.New()
	for _, f := range list {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(f.Size))
		put(h, f.Path, f.Mode.String(), string(size[:]), string(f.Data), f.Fault)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// schemaDigest covers the schema of this binary.
func schemaDigest() string {
	h := sha256.New()
	err := fs.WalkDir(policies.Schema(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(policies.Schema(), name)
		put(h, name, string(data))
		return err
	})
	if err != nil {
		panic(err) // the schema is embedded
	}
	return hex.EncodeToString(h.Sum(nil))
}
