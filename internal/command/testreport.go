package command

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/ringfence/ringfence/internal/canonical"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
)

// testReport is what ringfence test has to say.
type testReport struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"` // "TestReport"
	Tests      []testResult `json:"tests"`
	Failed     int          `json:"failed"`
	Untested   []untouched  `json:"untested" jsonschema:"nullable"` // what no test touches; null when only some tests ran
}

// testFormats write a report.
var testFormats = map[string]func(io.Writer, testReport) error{
	"text": textTests,
	"json": func(w io.Writer, r testReport) error {
		raw, err := canonical.Marshal(r)
		if err == nil {
			_, err = fmt.Fprintf(w, "%s\n", raw)
		}
		return err
	},
	"junit": junitTests,
}

func textTests(w io.Writer, r testReport) error {
	var b strings.Builder
	for _, t := range r.Tests {
		word := "ok  "
		switch {
		case t.Skipped:
			word = "skip"
		case len(t.Wrong) > 0:
			word = "FAIL"
		}
		fmt.Fprintf(&b, "%s  %s (%s)\n", word, untrusted.Line(t.Name, 500), untrusted.Line(t.Source, 500))
		for _, text := range t.Wrong {
			fmt.Fprintf(&b, "      %s\n", untrusted.Line(text, 1000))
		}
	}
	if len(r.Untested) > 0 {
		b.WriteString("no test touches:\n")
	}
	for _, u := range r.Untested {
		fmt.Fprintf(&b, "      %s %s (%s)\n", u.Kind, untrusted.Line(u.Name, 200), untrusted.Line(u.Source, 500))
	}
	fmt.Fprintf(&b, "%s, %d failed\n", phrase.Count(len(r.Tests), "test"), r.Failed)
	_, err := io.WriteString(w, b.String())
	return err
}

// The elements of JUnit's XML that test servers read.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Line    string        `xml:"line,attr,omitempty"`
		Failure *junitFailure `xml:"failure"`
		Skipped *struct{}     `xml:"skipped"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// junitTests writes one suite a file, in the order of the tests.
func junitTests(w io.Writer, r testReport) error {
	out := junitSuites{Tests: len(r.Tests), Failures: r.Failed}
	at := map[string]int{}
	for _, t := range r.Tests {
		file, line, _ := strings.Cut(t.Source, ":")
		i, ok := at[file]
		if !ok {
			i = len(out.Suites)
			at[file] = i
			out.Suites = append(out.Suites, junitSuite{Name: untrusted.Line(file, 500)})
		}
		out.Suites[i].add(t, file, line)
	}
	raw, err := xml.MarshalIndent(out, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, raw)
	}
	return err
}

func (s *junitSuite) add(t testResult, file, line string) {
	row, _, _ := strings.Cut(line, ":")
	c := junitCase{Name: untrusted.Line(t.Name, 500), Class: untrusted.Line(file, 500), File: untrusted.Line(file, 500), Line: row}
	s.Tests++
	switch {
	case t.Skipped:
		s.Skipped++
		c.Skipped = &struct{}{}
	case len(t.Wrong) > 0:
		s.Failures++
		c.Failure = &junitFailure{Message: untrusted.Line(t.Wrong[0], 1000), Text: untrusted.Block(strings.Join(t.Wrong, "\n"), 20_000)}
	}
	s.Cases = append(s.Cases, c)
}
