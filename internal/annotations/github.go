package annotations

import (
	"fmt"
	"io"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
)

// GitHub writes one workflow command a diagnostic, which GitHub shows beside the line in a pull request:
//
//	::error file=tenants/acme/tenant.cue,line=22,col=4,title=RF1002::unknown field "maxUnavailible"
//
// See "Workflow commands for GitHub Actions" in GitHub's documentation. What a file says cannot end a command or begin
// another one.
func GitHub(w io.Writer, list diag.List, src *Source) error {
	for _, d := range list {
		if _, err := fmt.Fprintf(w, "::%s %s::%s\n", command(d), strings.Join(properties(d, src), ","), data.Replace(text(d))); err != nil {
			return err
		}
	}
	return nil
}

// GitHub's escapes: of the message, and of the properties, in which : and , have a meaning as well.
var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// command is the severity in GitHub's words. What was accepted is worth a notice, no more.
func command(d diag.Diagnostic) string {
	if d.Severity == diag.Info || d.Accepted != nil {
		return "notice"
	}
	return string(d.Severity)
}

func properties(d diag.Diagnostic, src *Source) []string {
	var out []string
	if r := d.Range; r != nil && r.File != "" {
		out = append(out, "file="+property.Replace(clean(r.File)))
		if r.Start.Line > 0 {
			out = append(out, fmt.Sprintf("line=%d,col=%d", r.Start.Line, src.column(r.File, r.Start)))
		}
		if r.End.Line == r.Start.Line && r.End.Column > r.Start.Column {
			out = append(out, fmt.Sprintf("endColumn=%d", src.column(r.File, r.End)))
		}
		if r.End.Line > r.Start.Line {
			out = append(out, fmt.Sprintf("endLine=%d", r.End.Line))
		}
	}
	return append(out, "title="+property.Replace(string(d.Code)))
}
