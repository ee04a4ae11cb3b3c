package limited

import (
	"bytes"
	"context"
	"encoding/json"
	"path"

	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/repository"
	"github.com/ringfence/ringfence/compiler/syntax"
	"github.com/ringfence/ringfence/compiler/worker"
)

// Layout is a file as it should be laid out, or what is wrong with it.
type Layout struct {
	Text  []byte
	Diags diag.List
}

// Format lays out CUE and Rego files, each by its name's ending, in their order. Lines end with LF afterwards. A cancelled
// context leaves the rest without text and diagnostics.
func (p *Pool) Format(ctx context.Context, files []repository.File) []Layout {
	o := &order{
		replies: make([]worker.Reply, len(files)),
		batches: cut(len(files), func(i int) []repository.File { return files[i : i+1] }, func(int) bool { return false }),
		request: func(b batch, _ bool) (r request) {
			for _, item := range b {
				r.Layout = append(r.Layout, files[item])
			}
			return r
		},
	}
	p.do(ctx, o)
	out := make([]Layout, len(files))
	for i, r := range o.replies {
		out[i] = unpackLayout(files[i], r)
	}
	return out
}

// layOut is the child's side.
func layOut(f repository.File) ([]byte, diag.List) {
	format := syntax.Format
	if path.Ext(f.Path) == ".rego" {
		format = decide.Format
	}
	return format(f.Path, bytes.ReplaceAll(f.Data, []byte("\r\n"), []byte("\n")))
}

func packLayout(text []byte, list diag.List) []byte {
	data, err := json.Marshal(Layout{text, list})
	if err != nil {
		panic(err) // it is made of strings and numbers
	}
	return data
}

func unpackLayout(f repository.File, r worker.Reply) (out Layout) {
	switch {
	case r.Failure != "":
		out.Diags = diag.List{worker.Failed("laying out "+path.Base(f.Path), f.Path, r.Failure).WithFix("look for what is nested without end")}
	case r.Data != nil && json.Unmarshal(r.Data, &out) != nil:
		out = Layout{Diags: diag.List{worker.Failed("laying out "+path.Base(f.Path), f.Path, worker.Crashed)}}
	}
	return out
}
