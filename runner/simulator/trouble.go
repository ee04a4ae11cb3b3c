package simulator

func (w *world) interruptSome() {
	p := w.busy()
	if p.alive && p.run != nil {
		w.count("runs interrupted")
		w.say("%s: interrupted", p.name)
		p.stop = true
		w.signal(p.main)
	}
}

// deleteDisk takes a runner's disk away, as with runners that live for one job.
func (w *world) deleteDisk() {
	p := pick(w, w.processes)
	if !p.alive {
		w.loseDisk(p)
		return
	}
	p.kill()
	w.loseDisk(p)
	w.after(w.between(0, 10)*minute, p.begin)
}

func (w *world) loseDisk(p *process) {
	if w.rolledBack() {
		return // a runner that never saw the newer records has no way to miss them
	}
	w.count("disks lost")
	if p.disk.head != nil && !w.remote.head.descends(p.disk.head) {
		w.count("disks lost with records that were nowhere else")
	}
	w.say("%s: its disk is gone", p.name)
	p.newDisk()
}

func (w *world) cutLink() {
	h := w.busyHost()
	h.cutUntil = max(h.cutUntil, w.now+w.between(1, 1800))
	w.say("%s: cut off until %s", h.name, h.cutUntil)
}

func (w *world) restartSome() { w.restart(w.busyHost(), w.between(30, 1200)) }

// busyHost picks a host, rather one at work.
func (w *world) busyHost() *host {
	if len(w.open) > 0 && w.often(700) {
		return pick(w, w.open).host
	}
	return pick(w, w.hosts)
}

func (w *world) remoteDown() {
	if !w.remoteUp() {
		return
	}
	d := w.between(5, 300)
	if w.often(500) {
		d = w.between(5, 60) * minute
	}
	w.say("remote: down for %d s", d)
	w.count("remote down")
	w.darken()
	w.remote.downUntil = w.now + d
}

// muteControl keeps everybody from reading halt orders while all else works.
func (w *world) muteControl() {
	w.darken()
	w.remote.muteTill = max(w.remote.muteTill, w.now+w.between(1, 20)*minute)
	w.say("remote: the control branch cannot be read until %s", w.remote.muteTill)
	w.count("control branch alone unreadable")
}

func (w *world) remoteRefuses() {
	w.remote.refusesUntil = w.now + w.between(10, 1200)
	w.say("remote: refuses pushes until %s", w.remote.refusesUntil)
	w.count("remote refuses")
}

func (w *world) haltAll() {
	if w.remote.halted || w.quiet {
		return
	}
	w.remote.halted, w.remote.haltedAt = true, w.now
	w.say("remote: halted")
	w.count("halts")
	for _, x := range w.open {
		if x.running {
			w.count("halts while a wave ran")
			break
		}
	}
	w.after(w.between(1, 90)*minute, w.unhalt)
}

func (w *world) unhalt() {
	w.remote.halted = false
	w.say("remote: the halt is lifted")
}

func (w *world) rolledBack() bool { return w.remote.head != w.remote.newest }

// rollBack shows everybody an older history. Every runner has seen a newer one, or nobody could know.
func (w *world) rollBack() {
	old := w.remote.head
	for range 1 + w.below(4) {
		if old != nil {
			old = old.parent
		}
	}
	if old == nil || w.rolledBack() {
		return
	}
	for _, p := range w.processes {
		if p.disk.seen.seq() <= old.seq() {
			return
		}
	}
	w.say("remote: rolled back from record %d to %d", w.remote.head.seq(), old.seq())
	w.count("remote rolled back")
	w.remote.head = old
	w.after(w.between(5, 90)*minute, w.restore)
}

// restore brings back what was rolled back.
func (w *world) restore() {
	if w.remote.newest.descends(w.remote.head) {
		w.remote.head = w.remote.newest
		w.say("remote: restored to record %d", w.remote.head.seq())
	}
}

// freezeRemote serves what stands now, whatever comes after.
func (w *world) freezeRemote() {
	w.remote.frozen, w.remote.frozenUntil = w.remote.head, w.now+w.between(1, 40)*minute
	w.say("remote: frozen at record %d until %s", w.remote.frozen.seq(), w.remote.frozenUntil)
	w.count("remote frozen")
}

func (w *world) newPolicy() {
	if w.remote.policy+1 < len(w.tenant.versions) {
		w.remote.policy++
		w.say("remote: policy version %d", w.remote.policy)
		w.count("new policies")
	}
}
