package gitrepo

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

func FuzzParseMessage(f *testing.F) {
	for _, msg := range []string{"", "\n", "a", "a\n\nb", "a\n\nK: v\n", "a\n\nb\n\nK: v\nL: w", "a\nb: c\n\nd: e", "a\r\n\r\nK: v\r\n", "K: v", "a\n\n-K: v"} {
		f.Add(msg)
	}
	f.Fuzz(func(t *testing.T, msg string) {
		subject, body, trailers := ParseMessage(msg)
		if strings.Contains(subject, "\n") {
			t.Errorf("subject %q", subject)
		}
		var block string
		for _, tr := range trailers {
			if strings.Contains(tr.Value, "\n") || !token(tr.Key) {
				t.Errorf("trailer %q", tr)
			}
			block += tr.Key + ": " + tr.Value + "\n"
		}
		if _, _, again := ParseMessage("subject\n\n" + body + "\n\n" + block); len(trailers) > 0 && !slices.Equal(again, trailers) {
			t.Errorf("%q gives %q; written again %q", msg, trailers, again)
		}
	})
}

func FuzzDecodeTree(f *testing.F) {
	hash := strings.Repeat("\x11", 20)
	for _, raw := range []string{"", "100644 a\x00" + hash, "40000 ..\x00" + hash, "120000 l\x00" + hash + "160000 s\x00" + hash, "100644 a\x00short", "7 x\x00" + hash} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := decodeTree(raw)
		if err != nil {
			return
		}
		for i, e := range list {
			if e.refused == "" && (!fs.ValidPath(e.name) || e.name == "." || !e.mode.IsRegular() && !e.IsDir()) {
				t.Errorf("entry %q of mode %v is not refused", e.name, e.mode)
			}
			if i > 0 && list[i-1].name >= e.name {
				t.Errorf("%q stands before %q", list[i-1].name, e.name)
			}
		}
	})
}

func FuzzDecodeCommit(f *testing.F) {
	hash := strings.Repeat("1", 40)
	f.Add([]byte(fmt.Sprintf("tree %s\nparent %s\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nsubject\n\nKey: value\n", hash, hash)))
	f.Add([]byte(fmt.Sprintf("tree %s\nauthor A <a@b> 99999999999999999999 +9999\n\n", hash)))
	f.Add([]byte("tree x\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := decodeCommit(raw)
		if err != nil {
			return
		}
		if len(c.Tree) != 40 || strings.Contains(c.Subject, "\n") {
			t.Errorf("commit %+v", c)
		}
	})
}
