package annotations_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/annotations"
)

func at(file string, line, column, endLine, endColumn int) diag.Range {
	return diag.Range{File: file, Start: diag.Pos{Line: line, Column: column}, End: diag.Pos{Line: endLine, Column: endColumn}}
}

// list has one of everything: a range in one line behind wide letters, one over lines, one without a position, none.
func list() (diag.List, *annotations.Source) {
	warning := diag.New(diag.EmptyRing, "100%% of them:\nnone").At(at("tenants/a b/t,1:2.cue", 2, 1, 4, 2))
	warning.Severity = diag.Warning
	src := annotations.NewSource(fstest.MapFS{"a.cue": {Data: []byte("package a\r\n\treason: \"年末 🎄\", raeson: 1\r\n")}})
	return diag.List{
		diag.New(diag.UnknownField, "unknown field").At(at("a.cue", 2, 25, 2, 31)).WithFix("write reason").
			WithRelated(at("a.cue", 2, 2, 2, 8), "declared here"),
		warning,
		diag.New(diag.NoTenants, "no tenant").At(diag.Range{File: "tenants"}),
		diag.Note(diag.FolderDiffers, "evil \x1b[2J\u202e ::error::").WithFix("commit it"),
	}, src
}

func TestGitHub(t *testing.T) {
	var b bytes.Buffer
	diags, src := list()
	if err := annotations.GitHub(&b, diags, src); err != nil {
		t.Fatal(err)
	}
	want := `::error file=a.cue,line=2,col=19,endColumn=25,title=RF1002::unknown field%0Afix: write reason
::warning file=tenants/a b/t%2C1%3A2.cue,line=2,col=1,endLine=4,title=RF1026::100%25 of them:%0Anone
::error file=tenants,title=RF1012::no tenant
::notice title=RF5004::evil �[2J� ::error::%0Anext: commit it
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// FuzzGitHub: whatever diagnostics hold, each is one line that begins with a command of ours.
func FuzzGitHub(f *testing.F) {
	f.Add("a\n::set-output name=x::y", "b,c:d\r\n::error::", "e%0A")
	f.Fuzz(func(t *testing.T, summary, file, fix string) {
		var b bytes.Buffer
		d := diag.New(diag.WrongValue, "%s", summary).At(at(file, 1, 3, 1, 5)).WithFix("%s", fix)
		if err := annotations.GitHub(&b, diag.List{d}, annotations.NewSource(nil)); err != nil {
			t.Fatal(err)
		}
		line := strings.TrimSuffix(b.String(), "\n")
		if strings.ContainsAny(line, "\r\n") || !strings.HasPrefix(line, "::error ") || strings.Count(strings.SplitN(line, "::", 3)[1], "title=RF1004") < 1 {
			t.Fatalf("%q", line)
		}
	})
}

// TestSARIF checks what the published schema of SARIF 2.1.0 demands of the parts that are written.
func TestSARIF(t *testing.T) {
	var b bytes.Buffer
	diags, src := list()
	if err := annotations.SARIF(&b, diags, src, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	var log sarifLog
	d := json.NewDecoder(&b)
	d.DisallowUnknownFields()
	if err := d.Decode(&log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || !strings.HasSuffix(log.Schema, "sarif-2.1.0.json") || len(log.Runs) != 1 || len(log.Runs[0].Results) != len(diags) {
		t.Fatalf("%+v", log)
	}
	run := log.Runs[0]
	if run.Tool.Driver.Name != "ringfence" || run.Tool.Driver.SemanticVersion != "1.2.3" || run.ColumnKind != "utf16CodeUnits" {
		t.Errorf("%+v", run.Tool)
	}
	for _, r := range run.Tool.Driver.Rules {
		if r.ID == "" || r.Name == "" || r.ShortDescription.Text == "" || r.FullDescription.Text == "" || r.Help.Text == "" {
			t.Errorf("the rule %+v lacks something", r)
		}
	}
	levels := []string{"error", "warning", "error", "note"}
	for i, r := range run.Results {
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || r.RuleID != string(diags[i].Code) || r.Level != levels[i] || r.Message.Text == "" {
			t.Errorf("result %d: %+v", i, r)
		}
		for _, l := range append(r.Locations, r.RelatedLocations...) {
			checkLocation(t, l)
		}
	}
	first := run.Results[0].Locations[0].PhysicalLocation
	if want := (region{2, 19, 2, 25}); *first.Region != want {
		t.Errorf("region %+v, not %+v: columns are UTF-16 code units", *first.Region, want)
	}
	if second := run.Results[1].Locations[0].PhysicalLocation.ArtifactLocation.URI; second != "tenants/a%20b/t,1:2.cue" {
		t.Errorf("URI %q", second)
	}
	if run.Results[2].Locations[0].PhysicalLocation.Region != nil || len(run.Results[3].Locations) != 0 {
		t.Errorf("places that nobody knows were invented: %+v", run.Results[2:])
	}
}

func checkLocation(t *testing.T, l location) {
	t.Helper()
	a := l.PhysicalLocation.ArtifactLocation
	if u, err := url.Parse(a.URI); err != nil || u.IsAbs() || strings.HasPrefix(a.URI, "/") || a.URIBaseID != "%SRCROOT%" {
		t.Errorf("%+v is no relative URI: %v", a, err)
	}
	if r := l.PhysicalLocation.Region; r != nil && (r.StartLine < 1 || r.StartColumn < 1 || r.EndLine != 0 && r.EndLine < r.StartLine) {
		t.Errorf("region %+v", *r)
	}
}

// TestEmpty: no findings are a document too.
func TestEmpty(t *testing.T) {
	var s, j bytes.Buffer
	if err := annotations.SARIF(&s, nil, annotations.NewSource(nil), "1"); err != nil || !strings.Contains(s.String(), `"results": []`) || !strings.Contains(s.String(), `"rules": []`) {
		t.Errorf("%v %s", err, s.String())
	}
	if err := annotations.JSON(&j, nil, nil); err != nil || !strings.Contains(j.String(), `"diagnostics": []`) || !strings.Contains(j.String(), `"compiled": []`) {
		t.Errorf("%v %s", err, j.String())
	}
}

// The standard's names, written down a second time.
type (
	sarifLog struct {
		Schema  string `json:"$schema"`
		Version string `json:"version"`
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name, SemanticVersion string
					Rules                 []rule
				}
			}
			OriginalURIBaseIDs map[string]struct{ Description message } `json:"originalUriBaseIds"`
			ColumnKind         string
			Results            []struct {
				RuleID                      string `json:"ruleId"`
				RuleIndex                   int
				Level                       string
				Message                     message
				Locations, RelatedLocations []location
			}
		}
	}
	rule struct {
		ID, Name                                string
		ShortDescription, FullDescription, Help message
	}
	message  struct{ Text string }
	location struct {
		ID               *int
		Message          *message
		PhysicalLocation struct {
			ArtifactLocation struct {
				URI       string
				URIBaseID string `json:"uriBaseId"`
			}
			Region *region
		}
	}
	region struct{ StartLine, StartColumn, EndLine, EndColumn int }
)
