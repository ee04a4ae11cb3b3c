package command

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/inventory"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/phrase"
	"github.com/ringfence/ringfence/internal/untrusted"
)

var importSigns = map[inventory.Change]string{inventory.Added: "+", inventory.Changed: "~", inventory.Removed: "-"}

// hostChange prints one line of the difference.
func (a *app) hostChange(c inventory.HostChange) {
	sign, shown := importSigns[c.Change]
	if !shown {
		return
	}
	var fields []string
	for _, f := range c.Fields {
		name := strings.Replace(f.Field, "labels.", "label ", 1)
		switch {
		case c.Change == inventory.Removed:
		case f.From == "":
			fields = append(fields, name+" "+f.To)
		default:
			fields = append(fields, fmt.Sprintf("%s %s -> %s", name, f.From, cmp.Or(f.To, "none")))
		}
	}
	line := untrusted.Line(strings.TrimSpace(fmt.Sprintf("%s %s  %s", sign, c.Host, strings.Join(fields, "; "))), 1000)
	if a.json {
		a.out.emit("host_change", line, event{"host": c.Host, "change": c.Change, "fields": c.Fields})
		return
	}
	fmt.Fprintln(a.Stdout, line)
}

// imported writes, if it is asked to, and says what was done or would be.
func (a *app) imported(in *importing, old, hosts []policy.Host, changes []inventory.HostChange) error {
	n, absent := counted(changes)
	if len(absent) > 0 {
		a.out.say("%s not in the source, and kept: %s (--prune removes them)", phrase.Count(len(absent), "host"), strings.Join(phrase.First(absent, 5), ", "))
	}
	if len(changes) == len(absent) {
		a.out.say("no changes: %s is up to date", in.into)
		return nil
	}
	a.out.say("%d added, %d changed, %d removed", n[inventory.Added], n[inventory.Changed], n[inventory.Removed])
	if err := a.writeImport(in, old, hosts); err != nil {
		return err
	}
	if in.detailed {
		return done(ExitChanges)
	}
	return nil
}

func counted(changes []inventory.HostChange) (n map[inventory.Change]int, absent []string) {
	n = map[inventory.Change]int{}
	for _, c := range changes {
		n[c.Change]++
		if c.Change == inventory.Absent {
			absent = append(absent, c.Host)
		}
	}
	return n, absent
}

func (a *app) writeImport(in *importing, old, hosts []policy.Host) error {
	raw, err := inventory.Edit(in.data, old, hosts)
	if err != nil {
		return err
	}
	if len(raw) > maxHostsFile {
		return diag.New(diag.BadHostsFile, "%s would be larger than 1 MiB, which is not read", in.into).
			WithFix("split the source, and import each part into a file of its own: --into FILE")
	}
	if !in.write {
		a.out.say("nothing was written; --write writes %s", in.into)
		return nil
	}
	file := filepath.Join(in.ws.repo.Root(), filepath.FromSlash(in.into))
	if err := writeWhole(file, func(w io.Writer) error { _, err := w.Write(raw); return err }); err != nil {
		return notWritten(in.into, err)
	}
	a.out.say("wrote %s\nnext: ringfence check, then git add %s && git commit", in.into, phrase.Word(in.into))
	return nil
}
