// Package explain says at length what each diagnostic means: why it is one, how to mend it, and an example of the
// mistake beside one without it. The text is embedded; a test compiles the examples.
package explain

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/ringfence/ringfence/compiler/diag"
)

//go:embed text/*.txt
var files embed.FS

// Page is the explanation of one code.
type Page struct {
	Code    diag.Code `json:"code"`
	Name    string    `json:"name"`
	Meaning string    `json:"meaning"`
	Text    string    `json:"text"` // paragraphs; its lines are wrapped
	Fix     string    `json:"fix"`
	Wrong   Example   `json:"wrong"`
	Right   Example   `json:"right"`
}

// Example shows a mistake, or how it is done right.
type Example struct {
	// Where is "tenant" for fields below tenant: acme:, a path for a whole file of a repository, "command" for what is
	// typed, "text" for anything else.
	Where string `json:"where"`
	Text  string `json:"text"`
}

// Pages lists the explanation of every code, in the order of the codes. The slice is shared: do not write to it.
var Pages = sync.OnceValue(func() []Page {
	var out []Page
	for _, m := range diag.Meanings() {
		p := texts()[m.Code]
		p.Code, p.Name, p.Meaning = m.Code, m.Name, m.Text
		out = append(out, p)
	}
	return out
})

// Orphans lists codes that are explained and do not exist, sorted.
func Orphans() []diag.Code {
	var out []diag.Code
	for code := range texts() {
		if !slices.ContainsFunc(diag.Meanings(), func(m diag.Meaning) bool { return m.Code == code }) {
			out = append(out, code)
		}
	}
	slices.Sort(out)
	return out
}

// texts reads the files. They are part of the program, so a mistake in them is one of the program.
var texts = sync.OnceValue(func() map[diag.Code]Page {
	out := map[diag.Code]Page{}
	names, _ := fs.Glob(files, "text/*.txt") // the pattern is right
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err == nil {
			err = parse(string(raw), out)
		}
		if err != nil {
			panic("explain: " + err.Error())
		}
	}
	return out
})

// Of finds the page of a code, whatever its case and whether "RF" stands before the number.
func Of(code string) (Page, bool) {
	code = strings.ToUpper(strings.TrimSpace(code))
	if !strings.HasPrefix(code, "RF") {
		code = "RF" + code
	}
	i := slices.IndexFunc(Pages(), func(p Page) bool { return string(p.Code) == code })
	if i < 0 {
		return Page{}, false
	}
	return Pages()[i], true
}

// parse reads a file of pages. A page begins with "== CODE"; what follows is text up to "fix:" and the two examples,
// whose lines begin with a tab.
func parse(text string, out map[diag.Code]Page) error {
	for _, section := range strings.Split("\n"+text, "\n== ")[1:] {
		code, rest, _ := strings.Cut(section, "\n")
		if _, twice := out[diag.Code(code)]; twice {
			return fmt.Errorf("%s is explained twice", code)
		}
		body, rest, ok1 := strings.Cut(rest, "\nfix: ")
		fix, rest, ok2 := strings.Cut(rest, "\nwrong ")
		wrong, right, ok3 := strings.Cut(rest, "\nright ")
		if !ok1 || !ok2 || !ok3 {
			return fmt.Errorf("%s lacks fix, wrong or right", code)
		}
		out[diag.Code(code)] = Page{Text: strings.TrimSpace(body), Fix: strings.TrimSpace(fix), Wrong: example(wrong), Right: example(right)}
	}
	return nil
}

func example(s string) Example {
	where, text, _ := strings.Cut(s, "\n")
	text = strings.TrimSpace(strings.ReplaceAll("\n"+text, "\n\t", "\n"))
	return Example{Where: where, Text: text + "\n"}
}
