package inventory

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
)

// table is one CSV file: the keys of a host are its columns. Lists are separated by semicolons; labels stand either
// in one column ("tier=pilot;site=ber") or in a column each ("labels.tier").
type table struct {
	text
	columns []string
	diags   diag.List
}

const labelColumn = "labels."

func parseCSV(f File) ([]entry, diag.List) {
	t := &table{text: textOf(f)}
	r := csv.NewReader(bytes.NewReader(f.Data))
	r.TrimLeadingSpace = true
	header, err := r.Read()
	if err != nil || !t.header(r, header) {
		if err != nil {
			t.broken(err)
		}
		return nil, t.diags
	}
	var out []entry
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, t.diags
		}
		if err != nil {
			t.broken(err)
			return out, t.diags
		}
		out = append(out, t.row(r, row))
	}
}

func (t *table) fail(at diag.Range, fix, format string, args ...any) {
	t.diags = append(t.diags, diag.New(diag.BadHostsFile, format, args...).At(at).WithFix("%s", fix))
}

func (t *table) broken(err error) {
	var bad *csv.ParseError
	switch {
	case errors.As(err, &bad):
		t.fail(t.at(bad.Line, bad.Column), "every line needs as many fields as the first; quote fields that hold commas", "not CSV: %v", bad.Err)
	default:
		t.fail(diag.Range{File: t.path}, "begin with a line name,address,user,providers,labels", "the file is empty")
	}
}

// header reads the column names; without good ones no row can be read.
func (t *table) header(r *csv.Reader, row []string) bool {
	seen := map[string]bool{}
	for i, column := range row {
		column = strings.TrimSpace(column)
		if i == 0 {
			column = strings.TrimPrefix(column, "\ufeff") // spreadsheets begin files with a byte order mark
		}
		at := t.at(r.FieldPos(i))
		switch {
		case !knownColumn(column):
			t.fail(at, "columns that can stand here: name, address, user, credential, providers, labels, labels.<key>; the column of a label "+
				"is called "+show(labelColumn+column), "unknown column %s", show(column))
		case seen[column]:
			t.fail(at, "remove one of them", "the column %s comes twice", show(column))
		}
		seen[column] = true
		t.columns = append(t.columns, column)
	}
	if !seen["name"] && len(t.diags) == 0 {
		t.fail(t.at(1, 1), "add a column name", "the file has no column name")
	}
	return len(t.diags) == 0
}

func knownColumn(c string) bool {
	switch c {
	case "name", "address", "user", "credential", "providers", "labels":
		return true
	}
	return strings.HasPrefix(c, labelColumn)
}

func (t *table) row(r *csv.Reader, row []string) entry {
	e := entry{at: t.at(r.FieldPos(0))}
	for i, field := range row {
		cell := scalar{strings.TrimSpace(field), t.at(r.FieldPos(i))}
		if cell.text == "" {
			continue
		}
		switch column := t.columns[i]; column {
		case "name":
			e.name = &cell
		case "address":
			e.address = &cell
		case "user":
			e.user = &cell
		case "credential":
			e.credential = &cell
		case "providers":
			for _, p := range strings.Split(cell.text, ";") {
				e.providers = append(e.providers, scalar{strings.TrimSpace(p), cell.at})
			}
		case "labels":
			t.labels(&e, cell)
		default:
			e.labels = append(e.labels, [2]scalar{{strings.TrimPrefix(column, labelColumn), cell.at}, cell})
		}
	}
	t.twice(e)
	return e
}

func (t *table) labels(e *entry, cell scalar) {
	for _, l := range strings.Split(cell.text, ";") {
		key, value, ok := strings.Cut(l, "=")
		if !ok {
			t.fail(cell.at, "write tier=pilot;site=ber", "%s is no label", show(l))
			continue
		}
		e.labels = append(e.labels, [2]scalar{{strings.TrimSpace(key), cell.at}, {strings.TrimSpace(value), cell.at}})
	}
}

// twice finds a label that a row gives two values.
func (t *table) twice(e entry) {
	seen := map[string]bool{}
	for _, l := range e.labels {
		if seen[l[0].text] {
			t.fail(l[0].at, "remove one of them", "the label %s comes twice", show(l[0].text))
		}
		seen[l[0].text] = true
	}
}
