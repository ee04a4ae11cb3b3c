package gitrepo

import (
	"bytes"
	"compress/zlib"
	"errors"
	"testing"
)

func deflate(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return b.Bytes()
}

func TestDamagedObjects(t *testing.T) {
	dir := folder(t, map[string]string{"a": "1"})
	r := open(t, dir)
	commit := head(t, r).Hash
	blob := git(t, dir, "rev-parse", "HEAD:a")
	for name, content := range map[string][]byte{
		"other content":      deflate(t, []byte("blob 1\x002")),
		"a longer stream":    deflate(t, append([]byte("blob 1\x00"), make([]byte, 64<<20)...)),
		"a shorter stream":   deflate(t, []byte("blob 9\x001")),
		"another type":       deflate(t, []byte("tree 1\x001")),
		"no zlib":            []byte("plain"),
		"nothing":            {},
		"a header of noise":  deflate(t, bytes.Repeat([]byte("x"), 1000)),
		"a negative length":  deflate(t, []byte("blob -1\x001")),
		"an enormous length": deflate(t, []byte("blob 99999999999999\x001")),
	} {
		t.Run(name, func(t *testing.T) {
			replaceObject(t, loosePath(dir, blob), content)
			var refused *RefusedError
			got, err := r.ReadFile(commit, "a", 10)
			if !errors.Is(err, ErrCorrupt) && !errors.As(err, &refused) {
				t.Errorf("read %q, %v", got, err)
			}
		})
	}
}
