package verify

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/internal/gitrepo"
	"github.com/ringfence/ringfence/runner/ledger"
	"github.com/ringfence/ringfence/runner/ledger/branch"
	"github.com/ringfence/ringfence/runner/ledger/inputs"
)

// link is one record as a forger sees it: everything can be changed before the history is written anew.
type link struct {
	record  ledger.Record
	files   map[string][]byte
	subject string
	outcome string
	hash    string // of the commit that it was
	// What a careless forger leaves wrong.
	parents   []string                   // instead of the one before
	text      func(text []byte) []byte   // changes the commit's text before it is signed
	raw       func(commit []byte) []byte // changes the commit after it is signed
	sign      gitrepo.SignFunc           // nil: unsigned
	modes     map[string]string          // of files, instead of 100644
	asItIs    bool                       // files and record are written without putting state and record right
	untouched bool                       // the very commit of before
	aged      func(*ledger.State)        // makes a state what another version would have made of it
}

// forger writes objects straight into the repository: a thousand histories cost no process.
type forger struct {
	t       testing.TB
	objects string
	written map[string]bool
	zip     *zlib.Writer
}

func newForger(t testing.TB, dir string) *forger {
	return &forger{t: t, objects: filepath.Join(dir, ".git", "objects"), written: map[string]bool{}, zip: zlib.NewWriter(nil)}
}

func (f *forger) object(kind string, content []byte) string {
	data := fmt.Appendf(nil, "%s %d\x00%s", kind, len(content), content)
	sum := sha1.Sum(data)
	name := hex.EncodeToString(sum[:])
	file := filepath.Join(f.objects, name[:2], name[2:])
	if f.written[name] {
		return name
	}
	f.written[name] = true
	if _, err := os.Stat(file); err == nil {
		return name
	}
	var b bytes.Buffer
	f.zip.Reset(&b)
	_, _ = f.zip.Write(data)
	_ = f.zip.Close()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o444); err != nil {
		f.t.Fatal(err)
	}
	return name
}

func (f *forger) tree(files map[string][]byte, modes map[string]string) string {
	dirs, rows := map[string]map[string][]byte{}, map[string]string{} // rows sort as git sorts them
	sub := map[string]map[string]string{}
	for name, raw := range files {
		top, rest, deep := strings.Cut(name, "/")
		if !deep {
			mode := "100644"
			if m := modes[name]; m != "" {
				mode = m
			}
			rows[name] = mode + " " + name + "\x00" + f.bytes("blob", raw)
			continue
		}
		if dirs[top] == nil {
			dirs[top], sub[top] = map[string][]byte{}, map[string]string{}
		}
		dirs[top][rest] = raw
		if m := modes[name]; m != "" {
			sub[top][rest] = m
		}
	}
	for name, below := range dirs {
		raw, _ := hex.DecodeString(f.tree(below, sub[name]))
		rows[name+"/"] = "40000 " + name + "\x00" + string(raw)
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		b.WriteString(rows[name])
	}
	return f.object("tree", []byte(b.String()))
}

func (f *forger) bytes(kind string, raw []byte) string {
	sum, _ := hex.DecodeString(f.object(kind, raw))
	return string(sum)
}

// chain reads an honest history as links.
func (s *story) chain() []link {
	s.t.Helper()
	var out []link
	for hash := s.head.Commit; hash != ""; {
		c, err := s.repo.Header(hash)
		if err != nil {
			s.t.Fatal(err)
		}
		l := link{files: map[string][]byte{}, subject: c.Subject, hash: hash, sign: s.key.Sign, untouched: true}
		l.outcome, _ = c.Trailers.Get(branch.TrailerOutcome)
		files, err := s.repo.PlainFiles(hash)
		if err != nil {
			s.t.Fatal(err)
		}
		for name, blob := range files {
			if l.files[name], err = s.repo.Blob(blob, maxFile); err != nil {
				s.t.Fatal(err)
			}
		}
		if l.record, err = ledger.DecodeRecord(l.files[recordFile]); err != nil {
			s.t.Fatal(err)
		}
		out = append(out, l)
		hash = ""
		if len(c.Parents) > 0 {
			hash = c.Parents[0]
		}
	}
	slices.Reverse(out)
	return out
}

// copied lets a forger change what it likes.
func copied(chain []link) []link {
	out := slices.Clone(chain)
	for i := range out {
		out[i].files = maps.Clone(out[i].files)
		out[i].record.Actions = slices.Clone(out[i].record.Actions)
	}
	return out
}

// write writes a history anew from the first changed link on and returns its head. Careful forgers number the records,
// reduce the states, and point inputs at the new commits.
func (f *forger) write(chain []link) string {
	var state ledger.State
	renamed, parent, fresh := map[string]string{}, "", false
	for i, l := range chain {
		fresh = fresh || !l.untouched
		if !fresh {
			state, parent = ledger.Reduce(state, l.record), l.hash
			continue
		}
		if !l.asItIs {
			l = f.put(l, i, &state, renamed)
		} else {
			state = ledger.Reduce(state, l.record)
		}
		hash := f.commit(l, parent)
		renamed[l.hash], parent = hash, hash
	}
	return parent
}

// put makes record and state consistent with their new place.
func (f *forger) put(l link, i int, state *ledger.State, renamed map[string]string) link {
	l.record.Seq = i + 1
	*state = ledger.Reduce(*state, l.record)
	if l.aged != nil {
		l.aged(state)
	}
	for name, v := range map[string]any{recordFile: l.record, stateFile: *state} {
		raw, err := ledger.Encode(v)
		if err != nil {
			f.t.Fatal(err)
		}
		l.files[name] = raw
	}
	if raw, ok := l.files[inputs.RunFile]; ok {
		for old, now := range renamed {
			raw = bytes.ReplaceAll(raw, []byte(old), []byte(now))
		}
		l.files[inputs.RunFile] = raw
	}
	return l
}

func (f *forger) commit(l link, parent string) string {
	tree := f.tree(l.files, l.modes)
	text, err := branch.Text(tree, parent, l.record, l.subject, l.outcome)
	if err != nil {
		f.t.Fatal(err)
	}
	if l.parents != nil {
		var lines string
		for _, p := range l.parents {
			lines += "parent " + p + "\n"
		}
		text = bytes.Replace(text, []byte("parent "+parent+"\n"), []byte(lines), 1)
	}
	if l.text != nil {
		text = l.text(text)
	}
	if l.sign != nil {
		armored, err := l.sign(text)
		if err != nil {
			f.t.Fatal(err)
		}
		text = signedText(text, armored)
	}
	if l.raw != nil {
		text = l.raw(text)
	}
	return f.object("commit", text)
}

func signedText(text, armored []byte) []byte {
	head, message, _ := bytes.Cut(text, []byte("\n\n"))
	lines := strings.ReplaceAll(strings.TrimSuffix(string(armored), "\n"), "\n", "\n ")
	return fmt.Appendf(nil, "%s\ngpgsig %s\n\n%s", head, lines, message)
}
