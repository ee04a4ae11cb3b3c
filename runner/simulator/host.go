package simulator

// host is a machine. What is installed, what runs and what its supervisor has claimed outlives every runner.
type host struct {
	name, ring, site, rack string
	has                    map[string]string // package to version
	since                  map[string]second // update to when it was there
	claims                 map[string]*claim
	fence                  int // the highest that its supervisor wrote down
	shown                  int // the highest that any runner ever showed it
	cutUntil               second
	upAt                   second
}

// claim is what a host's supervisor knows of an action.
type claim struct {
	state string // running, ended, lost
	done  bool   // what the package manager says
}

func (w *world) reachable(h *host) bool { return w.now >= h.cutUntil && w.now >= h.upAt }

// order is a request to start an action on its host.
type order struct {
	id      string
	ring    string
	updates []string
	fence   int
	by      second // the host refuses it after that
	closes  second
	failed  int
	known   bool
	from    *process
	disk    int // that its runner had
}

// The answers of a host.
const (
	answerStarted = "started"
	answerClaimed = "claimed"
	answerFenced  = "fenced"
	answerLate    = "late"
)

// receive is what happens on a host when an order arrives there.
func (w *world) receive(h *host, o order) string {
	switch {
	case h.claims[o.id] != nil && !w.bug("host-without-claims"):
		w.count("starts refused: claimed")
		return answerClaimed
	case o.fence < h.fence && !w.bug("host-without-fence"):
		w.count("starts refused: fenced")
		w.say("%s: refuses %s of %s, fence %d < %d", h.name, short(o.id), o.from.name, o.fence, h.fence)
		return answerFenced
	case w.now > o.by && !w.bug("host-without-deadline"):
		w.count("starts refused: late")
		w.say("%s: refuses %s of %s, which comes too late", h.name, short(o.id), o.from.name)
		return answerLate
	}
	h.fence = max(h.fence, o.fence)
	c := &claim{state: "running"}
	h.claims[o.id] = c
	x := &execution{id: o.id, host: h, ring: o.ring, order: o, began: w.now, running: true}
	w.say("%s: begins %s for %s", h.name, short(o.id), o.from.name)
	w.happened(fact{kind: started, start: x, by: o.from})
	h.shown = max(h.shown, o.fence)
	w.after(w.duration(o), func() { w.complete(h, c, x) })
	return answerStarted
}

// complete is the end of what a host's package manager did.
func (w *world) complete(h *host, c *claim, x *execution) {
	if c.state != "running" {
		return
	}
	n, says := len(x.order.updates), true
	switch {
	case w.chance(w.mood.fails):
		n, says = w.below(len(x.order.updates)), false
		w.count("installations that failed")
	case w.chance(w.mood.lies):
		n = w.below(len(x.order.updates))
		w.count("hosts that lied")
	}
	c.state, c.done = "ended", says
	w.install(h, x.order.updates[:n])
	w.say("%s: ends %s, %d of %d installed", h.name, short(x.id), n, len(x.order.updates))
	w.ended(x)
}

func (w *world) install(h *host, updates []string) {
	for _, u := range updates {
		name, version := parsed(u)
		if h.has[name] != version {
			h.has[name], h.since[u] = version, w.now
		}
	}
	w.happened(fact{kind: installed, host: h})
}

// restart kills what runs on a host and takes it away for a while.
func (w *world) restart(h *host, away second) {
	h.upAt = max(h.upAt, w.now+away)
	w.say("%s: restarts, back in %d s", h.name, away)
	if w.chance(w.mood.again) {
		w.after(away+w.between(1, 120), func() {
			if !w.quiet {
				w.count("hosts that restarted twice")
				w.restart(h, w.between(10, 600))
			}
		})
	}
	for _, x := range w.open {
		c := h.claims[x.id]
		if x.host != h || !x.running || c.state != "running" {
			continue
		}
		w.count("hosts that died while they installed")
		c.state = "lost"
		w.install(h, x.order.updates[:w.below(len(x.order.updates)+1)])
		w.ended(x)
	}
}
