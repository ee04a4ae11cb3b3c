package load

import (
	stderrors "errors"
	"strings"

	"cuelang.org/go/cue/errors"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/syntax"
)

// embedError explains why a file cannot be embedded: CUE puts the cause behind an error that says no more than @embed.
func (t *Tree) embedError(e errors.Error) (diag.List, bool) {
	if !strings.HasPrefix(syntax.Message(e), "@embed") {
		return nil, false
	}
	if len(t.refused) > 0 {
		return t.refused, true
	}
	cause := e
	for u := stderrors.Unwrap(e); u != nil; u = stderrors.Unwrap(u) {
		if x, ok := u.(errors.Error); ok {
			cause = x
		}
	}
	d := diag.New(diag.UnknownReference, "@embed: %s", syntax.Message(cause)).At(FirstPosition(e)).
		WithFix("@embed(file=…) brings in one file, and @embed(glob=…) several: JSON, YAML or another kind that CUE reads, in the folder of this file or below it")
	if open, ok := strings.CutSuffix(d.Summary, ": no such file or directory"); ok && !strings.HasPrefix(d.Range.File, repository.TenantsDir+"/") {
		d.Summary = open + ": of what tenants share only CUE files and calendars are read"
		d.Fix = "write the data in a CUE file; files in a tenant's own folder can be embedded there"
	}
	return diag.List{d}, true
}
