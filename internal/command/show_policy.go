package command

import (
	"context"
	"fmt"
	"io"

	"github.com/ringfence/ringfence/compiler/words"
	"github.com/ringfence/ringfence/internal/canonical"
)

// inWords is a document for people that can be written in several ways.
type inWords interface {
	Text(io.Writer) error
	Markdown(io.Writer) error
}

// documentWriters write a document in the format of that name.
var documentWriters = map[string]func(io.Writer, inWords) error{
	"text":     func(w io.Writer, d inWords) error { return d.Text(w) },
	"markdown": func(w io.Writer, d inWords) error { return d.Markdown(w) },
	"json": func(w io.Writer, d inWords) error {
		raw, err := canonical.Marshal(d)
		if err == nil {
			_, err = fmt.Fprintf(w, "%s\n", raw)
		}
		return err
	},
}

// showPolicy prints what a tenant's policy says, as compiled.
func (a *app) showPolicy(ctx context.Context, f showFlags) error {
	a.named = f.policy
	ws, err := a.folderOr(ctx, f.rev)
	if err != nil {
		return err
	}
	t, err := a.tenant(ws, f.policy)
	if err != nil {
		return err
	}
	d := words.Describe(t, a.reading(f.at))
	if a.json {
		a.out.emit("progress", t.Name+": policy", event{"policy": d})
		return nil
	}
	return documentWriters[f.format](a.Stdout, d)
}
