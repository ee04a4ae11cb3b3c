//go:build planted

package runner

import (
	"slices"
	"time"
)

// Planted names the bug that is built in. The simulator must find every one of them; see guards.go for what is right.
var Planted string

// PlantedGuards lists the names.
var PlantedGuards = []string{
	"window-grace", "window-need-ignored", "window-end-ignored",
	"room-plus-one", "room-running-ignored", "room-doubt-ignored",
	"pool-plus-one", "pool-doubt-ignored", "lost-ignored",
	"stop-ignored", "stop-plus-one", "stop-after-all",
	"announced-ignored",
	"lease-ignored", "lease-margin-ignored",
	"halt-ignored", "halt-age-ignored", "halt-ignored-when-old",
}

func fits(w Wave, at time.Time, t Timing) bool {
	switch Planted {
	case "window-end-ignored":
		return !at.Before(w.Opens)
	case "window-need-ignored":
		return !at.Before(w.Opens) && (w.Closes == nil || at.Before(*w.Closes))
	case "window-grace":
		t.Need -= time.Minute
	}
	return !at.Before(w.Opens) && (w.Closes == nil || at.Before(*w.Closes) && !at.Add(t.Need).After(*w.Closes))
}

func room(r ringState) int {
	switch Planted {
	case "room-plus-one":
		return r.Budget - r.running - r.inDoubt + 1
	case "room-running-ignored":
		return r.Budget - r.inDoubt
	case "room-doubt-ignored":
		return r.Budget - r.running
	}
	return r.Budget - r.running - r.inDoubt
}

func spare(p poolState) int {
	switch Planted {
	case "pool-plus-one":
		return p.Most - p.running - p.Down + 1
	case "pool-doubt-ignored":
		return p.Most - p.running
	}
	return p.Most - p.running - p.Down
}

func lost(inDoubt []string, host string) bool {
	return Planted != "lost-ignored" && slices.Contains(inDoubt, host)
}

func stopped(r ringState) bool {
	switch Planted {
	case "stop-ignored":
		return false
	case "stop-plus-one":
		return r.StopAtFailures > 0 && r.failed > r.StopAtFailures
	case "stop-after-all":
		return r.StopAtFailures > 0 && r.failed >= r.StopAtFailures && r.running == 0
	}
	return r.StopAtFailures > 0 && r.failed >= r.StopAtFailures
}

func announced(w waveState) bool { return w.announced || Planted == "announced-ignored" }

func leased(l Lease, now time.Time, t Timing) bool {
	switch Planted {
	case "lease-ignored":
		return true
	case "lease-margin-ignored":
		t.Margin = -t.Margin
	}
	return !now.Add(t.Margin).After(l.Until)
}

// expiring has the same misunderstanding as leased: while a lease is being renewed nothing starts anyway.
func expiring(l Lease, now time.Time, t Timing) bool {
	switch Planted {
	case "lease-ignored":
		return false
	case "lease-margin-ignored":
		t.Renew = -t.Margin
	}
	return now.Add(t.Renew).After(l.Until)
}

func unhalted(h Halt, now time.Time, t Timing) bool {
	switch Planted {
	case "halt-ignored":
		return now.Sub(h.Read) <= t.Fresh
	case "halt-age-ignored":
		return !h.Halted
	case "halt-ignored-when-old":
		return !h.Halted || now.Sub(h.Read) > t.Reread
	}
	return !h.Halted && now.Sub(h.Read) <= t.Fresh
}

// latest has the same misunderstanding as the guard: otherwise the hosts would make up for it.
func latest(w Wave, l Lease, h Halt, m Moment, t Timing) time.Time {
	by := m.Now.Add(t.Reach)
	if Planted != "lease-ignored" && Planted != "lease-margin-ignored" {
		by = earlier(by, l.Until)
	}
	if Planted != "halt-age-ignored" && Planted != "halt-ignored-when-old" {
		by = earlier(by, h.Read.Add(t.Fresh))
	}
	switch Planted {
	case "window-end-ignored":
		return by
	case "window-need-ignored":
		t.Need = 0
	case "window-grace":
		t.Need -= time.Minute
	}
	if w.Closes != nil {
		by = earlier(by, m.Now.Add(w.Closes.Sub(m.At)-t.Need))
	}
	return by
}
