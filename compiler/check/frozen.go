package check

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/compiler/window"
)

// frozenOut says of which windows, that would open within a year, freezes leave nothing to a ring or lane that uses them:
// it waits for all that time. It is told once, at the first of these freezes.
func frozenOut(t *policy.Tenant, at time.Time) diag.List {
	if len(t.Freezes) == 0 {
		return nil
	}
	all, err := window.Freezes(t, "UTC", at, at.Add(clockAhead)) // in what zone hosts are makes no difference of a year
	if err != nil {
		return nil // which is an error of its own
	}
	var names, by []string
	for _, w := range t.Windows {
		if cut := cutAway(t, w, all, at); len(cut) > 0 {
			names, by = append(names, w.Name), append(by, cut...)
		}
	}
	if len(names) == 0 {
		return nil
	}
	d := diag.New(diag.FrozenOut, "freezes leave nothing until %s of %s", at.Add(clockAhead).UTC().Format(time.DateOnly), oneOrAll("window", names)).
		WithFix("let a freeze end sooner, or let windows open at other times")
	d.Severity = diag.Warning
	for _, f := range t.Freezes {
		switch {
		case !slices.Contains(by, f.Name):
		case d.Range == nil:
			d = d.At(diag.ParsePlace(f.Source)).About("freezes", f.Name)
		default:
			d = d.WithRelated(diag.ParsePlace(f.Source), "the freeze "+f.Name)
		}
	}
	return diag.List{d}
}

func oneOrAll(what string, names []string) string {
	if len(names) == 1 {
		return "the " + what + " " + names[0]
	}
	return "the " + what + "s " + listed(names)
}

// cutAway names the freezes that leave a user of a window nothing of it, and none that could go without anything being left;
// none at all where the window does not open in any case.
func cutAway(t *policy.Tenant, w policy.Window, all []window.Interval, at time.Time) (names []string) {
	loc, err := window.Location(t, w, "UTC")
	if err != nil {
		return nil
	}
	if _, opens := window.Next(w, loc, at, clockAhead); !opens {
		return nil
	}
	for _, passes := range users(t, w.Name) {
		left := slices.DeleteFunc(slices.Clone(all), func(i window.Interval) bool {
			return slices.Contains(passes, i.Freeze) || !i.Ends.After(at) || !i.Starts.Before(at.Add(clockAhead))
		})
		if leaves(w, loc, left, at) {
			continue
		}
		names = append(names, culprits(w, loc, left, at)...)
	}
	return names
}

// culprits are those freezes without which something of a window would be left. Where several do the same, the longest is why.
func culprits(w policy.Window, loc *time.Location, freezes []window.Interval, at time.Time) (names []string) {
	length := map[string]time.Duration{}
	for _, i := range freezes {
		length[i.Freeze] += i.Ends.Sub(i.Starts)
	}
	shortest := slices.SortedFunc(maps.Keys(length), func(a, b string) int {
		return cmp.Or(cmp.Compare(length[a], length[b]), cmp.Compare(b, a))
	})
	for _, name := range shortest {
		rest := slices.DeleteFunc(slices.Clone(freezes), func(i window.Interval) bool { return i.Freeze == name })
		if leaves(w, loc, rest, at) {
			names = append(names, name)
		} else {
			freezes = rest
		}
	}
	return names
}

// users are, of each user of a window, the freezes that let it pass: no ring passes any, a lane those that it names and
// those that allow all that it matches.
func users(t *policy.Tenant, name string) (passes [][]string) {
	for _, r := range t.Rings {
		if slices.Contains(r.WindowNames(), name) {
			passes = append(passes, nil)
		}
	}
	for _, l := range t.Lanes {
		if !slices.Contains(l.WindowNames(), name) {
			continue
		}
		own := slices.Clone(l.Passes)
		for _, f := range t.Freezes {
			if f.Allow != nil && covered(l.Match, []claim{{match: *f.Allow}}) {
				own = append(own, f.Name)
			}
		}
		passes = append(passes, own)
	}
	return passes
}

func leaves(w policy.Window, loc *time.Location, freezes []window.Interval, at time.Time) bool {
	for range window.Open(w, loc, freezes, at, at.Add(clockAhead)) {
		return true
	}
	return false
}
