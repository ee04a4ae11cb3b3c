package gitrepo

// DirDigest returns the object name of a folder, which covers every file in it and below, without reading any. It is
// false if there is no such folder.
func (t *treeFS) DirDigest(name string) (string, bool) {
	e, err := t.lookup("digest", name)
	if err != nil || !e.IsDir() {
		return "", false
	}
	return e.hash.String(), true
}
