package simulator

// mood says how much goes wrong in a world, in events of a thousand. A kind that a seed leaves out shows what the
// others do alone.
type mood struct {
	slow, lostAnswers, fails, lies, plugins, oldPolicy, twice, halts, disk, again, late int

	crashes, pauses int // at any place where a runner waits
}

func (w *world) newMood() {
	some := func(most int) int {
		if w.often(450) {
			return 0
		}
		return 1 + w.below(most)
	}
	w.mood = mood{
		slow: some(100), lostAnswers: some(150), fails: some(150), lies: some(100), plugins: some(120), oldPolicy: some(200), twice: some(200), halts: some(200),
		disk: some(15), again: some(500), late: some(60),
		crashes: some(8), pauses: some(6),
	}
}

// settle makes the world: its tenant, its runners, and what will go wrong.
func (w *world) settle() {
	w.newMood()
	w.newTenant()
	w.newFaults()
	w.haltStep = 1 + w.below(400)
	runners := 1 + w.below(4)
	if s := w.o.Scene; s != nil {
		w.mood, runners = s.mood, s.runners
	}
	for n := range runners {
		w.processes = append(w.processes, w.newProcess(n+1, w.tenant.sites[n%len(w.tenant.sites)]))
	}
	for len(w.processes) < len(w.tenant.sites) {
		w.processes = append(w.processes, w.newProcess(len(w.processes)+1, w.tenant.sites[len(w.processes)]))
	}
	if len(w.tenant.sites) > 1 {
		w.count("several sites")
	}
	if len(w.processes) > len(w.tenant.sites) {
		w.count("several runners at a site")
	}
	for _, p := range w.processes {
		w.after(w.between(0, 20)*minute, p.begin)
	}
	end := w.started + w.between(2, 8)*hour
	if s := w.o.Scene; s != nil {
		end = w.started + 3*hour
		s.prepare(w, end)
	} else {
		w.trouble(end)
	}
	w.at(end, w.calm)
}

// trouble plans what goes wrong by itself until an instant.
func (w *world) trouble(end second) {
	for _, kind := range []func(){
		w.killSome, w.killSome, w.pauseSome, w.interruptSome, w.deleteDisk, w.cutLink, w.cutLink, w.restartSome, w.restartSome,
		w.remoteDown, w.remoteRefuses, w.muteControl, w.haltAll, w.rollBack, w.freezeRemote, w.newPolicy,
	} {
		if w.often(500) {
			continue
		}
		for range 1 + w.below(4) {
			w.at(w.started+second(w.random.Int64N(int64(end-w.started))), func() { w.soon(kind, 20) })
		}
	}
}

// soon lets something go wrong as soon as hosts are at work, or after so many minutes.
func (w *world) soon(kind func(), patience int) {
	switch {
	case w.quiet:
	case len(w.open) > 0 || patience == 0:
		kind()
	default:
		w.after(minute/2, func() { w.soon(kind, patience-1) })
	}
}

// strikes lets a runner die or stop where it waits. It tells whether something happened.
func (w *world) strikes(t *task) bool {
	p := t.p
	switch {
	case p.run == nil:
		return false
	case t.sends && w.mood.pauses > 0 && w.chance(40):
		w.count("runners stopped while a start was on its way")
		w.pauseOne(p)
		return true
	case t.sends && w.mood.crashes > 0 && w.chance(20):
		w.count("runners killed while a start was on its way")
		w.killOne(p)
		return true
	case w.chance(w.mood.crashes) && w.often(200):
		w.killOne(p)
		return true
	case w.chance(w.mood.pauses) && w.often(200):
		w.pauseOne(p)
		return true
	}
	return false
}

func (w *world) killSome() { w.killOne(w.busy()) }

// busy picks a runner, rather one that works on a host: others have nothing to lose.
func (w *world) busy() *process {
	if len(w.open) > 0 && w.often(800) {
		return pick(w, w.open).order.from
	}
	return pick(w, w.processes)
}

func (w *world) killOne(p *process) {
	if !p.alive {
		return
	}
	w.say("%s: killed", p.name)
	w.count("runners killed")
	if w.working(p) {
		w.count("runners killed between start and outcome")
	}
	p.kill()
	back := w.between(0, 60) * minute
	if w.often(150) {
		w.loseDisk(p)
	}
	w.after(back, p.begin)
}

// working reports whether something runs on a host that this runner started.
func (w *world) working(p *process) bool {
	for _, x := range w.open {
		if x.order.from == p {
			return true
		}
	}
	return false
}

func (w *world) pauseSome() { w.pauseOne(w.busy()) }

func (w *world) pauseOne(p *process) {
	if !p.alive {
		return
	}
	d := w.between(1, 120)
	if w.often(600) {
		d = w.between(1, 60) * minute
	}
	w.count("runners stopped for a while")
	w.say("%s: stopped for %d s", p.name, d)
	p.pausedUntil = w.now + d
}

// calm ends all trouble: one runner of each site goes on, and the world is healthy from here on.
func (w *world) calm() {
	w.quiet = true
	w.say("from here on nothing goes wrong")
	w.unhalt()
	w.restore()
	r := &w.remote
	r.downUntil, r.refusesUntil, r.frozenUntil = min(r.downUntil, w.now), w.now, w.now
	r.muteTill = min(r.muteTill, w.now)
	for _, h := range w.hosts {
		h.cutUntil, h.upAt = min(h.cutUntil, w.now), min(h.upAt, w.now)
	}
	kept := map[string]bool{}
	for _, i := range w.random.Perm(len(w.processes)) {
		p := w.processes[i]
		if p.retired || kept[p.site] {
			p.kill()
			p.retired = true
			continue
		}
		kept[p.site] = true
		p.pausedUntil = min(p.pausedUntil, w.now)
		w.after(minute, p.begin)
	}
	w.calmSince = w.now
}

// duration is how long an action takes, at most need. Some end just when a window leaves no time for another.
func (w *world) duration(o order) second {
	d := w.between(5, need)
	if w.often(500) {
		d = w.between(5, 90)
	}
	if last := o.closes - need; o.closes > 0 && w.often(800) && last > w.now && last-w.now < need {
		d = last - w.now
	}
	return d
}
