package annotations

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/explain"
)

// The part of SARIF 2.1.0 (OASIS) that is written. Names are the standard's.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool            `json:"tool"`
		Roots      map[string]sarifRoot `json:"originalUriBaseIds"`
		ColumnKind string               `json:"columnKind"`
		Results    []sarifResult        `json:"results"`
	}
	sarifRoot struct {
		Description sarifText `json:"description"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"semanticVersion"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Name  string    `json:"name"`
		Short sarifText `json:"shortDescription"`
		Full  sarifText `json:"fullDescription"`
		Help  sarifText `json:"help"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
		Related   []sarifLocation `json:"relatedLocations,omitempty"`
		Accepted  []sarifAccepted `json:"suppressions,omitempty"`
	}
	sarifAccepted struct {
		Kind string `json:"kind"`
		Why  string `json:"justification"`
	}
	sarifLocation struct {
		ID       *int          `json:"id,omitempty"`
		Message  *sarifText    `json:"message,omitempty"`
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI  string `json:"uri"`
		Base string `json:"uriBaseId"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
)

// root is what paths are relative to: the checkout, as GitHub names it.
const root = "%SRCROOT%"

// SARIF writes one log with one run. Only the rules that results name are listed; what was accepted is suppressed.
func SARIF(w io.Writer, list diag.List, src *Source, version string) error {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "ringfence", Version: version, Rules: rules(list)}},
		Roots:      map[string]sarifRoot{root: {sarifText{"the root of the policy repository"}}},
		ColumnKind: "utf16CodeUnits", Results: []sarifResult{},
	}
	for _, d := range list {
		run.Results = append(run.Results, result(d, run.Tool.Driver.Rules, src))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

func rules(list diag.List) []sarifRule {
	out := []sarifRule{}
	for _, p := range explain.Pages() {
		if slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.Code == p.Code }) {
			out = append(out, sarifRule{string(p.Code), p.Name, sarifText{p.Meaning}, sarifText{p.Text}, sarifText{p.Fix}})
		}
	}
	return out
}

func result(d diag.Diagnostic, rules []sarifRule, src *Source) sarifResult {
	out := sarifResult{
		RuleID: string(d.Code), Level: level(d.Severity), Message: sarifText{text(d)},
		RuleIndex: slices.IndexFunc(rules, func(r sarifRule) bool { return r.ID == string(d.Code) }),
	}
	if d.Range != nil && d.Range.File != "" {
		out.Locations = []sarifLocation{{Physical: physical(*d.Range, src)}}
	}
	if by := d.Accepted; by != nil {
		out.Accepted = []sarifAccepted{{"external", clean("until " + by.Expires + ": " + by.Reason)}}
	}
	for i, r := range d.Related {
		out.Related = append(out.Related, sarifLocation{ID: &i, Message: &sarifText{clean(r.Msg)}, Physical: physical(r.Range, src)})
	}
	return out
}

func level(s diag.Severity) string {
	if s == diag.Info {
		return "note"
	}
	return string(s)
}

func physical(r diag.Range, src *Source) sarifPhysical {
	out := sarifPhysical{Artifact: sarifArtifact{(&url.URL{Path: r.File}).String(), root}}
	if r.Start.Line == 0 {
		return out
	}
	out.Region = &sarifRegion{StartLine: r.Start.Line, StartColumn: src.column(r.File, r.Start)}
	if r.End.Line > r.Start.Line || r.End.Line == r.Start.Line && r.End.Column > r.Start.Column {
		out.Region.EndLine, out.Region.EndColumn = r.End.Line, src.column(r.File, r.End)
	}
	return out
}
