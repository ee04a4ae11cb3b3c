package simulator

// take takes the lease of the site, with a fence that is higher than every one before.
func (r *run) take() error {
	old, up := r.readLease()
	switch {
	case !up:
		return errDown
	case r.taken(old):
		r.w.count("leases held by others")
		return errHeld
	}
	highest := old.fence
	if r.disk.head != nil {
		highest = max(highest, r.disk.head.state.Fences[r.site])
	}
	if !r.w.bug("takeover-keeps-fence") || highest == 0 {
		highest++
	}
	next := lease{holder: r.name, run: r.id, fence: highest, expires: r.w.now + leaseFor}
	if old.fence > 0 && !old.released {
		r.w.count("takeovers")
	}
	return r.write(old, next)
}

// readLease fetches the lease ref.
func (r *run) readLease() (current lease, up bool) {
	r.hop()
	r.io("lease fetch", func() { current, up = r.w.remote.leases[r.site], r.w.remoteUp() }, nil)
	r.hop()
	return current, up
}

// swap pushes the lease ref. A push whose runner dies may arrive later.
func (r *run) swap(old, next lease) (err error) {
	w, site := r.w, r.site
	r.io("lease push", func() { err = w.swapLease(site, old, next) }, func() {
		w.after(w.between(0, 30), func() { _ = w.swapLease(site, old, next) })
	})
	return err
}

// taken: another run holds the lease, or may believe so by its own clock.
func (r *run) taken(old lease) bool {
	switch {
	case old.fence == 0 || old.released || r.w.bug("lease-not-looked-at"):
		return false
	case r.w.bug("lease-never-expires"):
		return true
	}
	return r.w.now <= old.expires+margin
}

// write puts a lease where old stood; the answer may be lost.
func (r *run) write(old, next lease) error {
	r.hop()
	err := r.swap(old, next)
	if err == nil && r.w.chance(r.w.mood.lostAnswers) {
		r.w.count("answers about a lease lost")
		err = errDown
	}
	r.hop()
	if err == nil {
		r.held = true
		r.lease = next
		r.lease.version = r.w.remote.leases[r.site].version
		if now := r.w.remote.leases[r.site]; now.run != r.id {
			r.lease.version = -1 // it was taken over while the answer came
		}
	}
	return err
}

// renew moves the end of the lease, as long as nobody else took it.
func (r *run) renew() error {
	current, up := r.readLease()
	switch {
	case !up:
		return errDown
	case current.run != r.id || current.fence != r.lease.fence || current.released:
		if !r.w.bug("renew-takes-back") {
			r.w.count("leases lost")
			return errHeld
		}
	}
	next := r.lease
	next.expires = r.w.now + leaseFor
	return r.write(current, next)
}

// release gives the lease up; what stays of it keeps its fence taken.
func (r *run) release() {
	if !r.held {
		return
	}
	current, _ := r.readLease()
	if current.run == r.id && !current.released {
		next := current
		next.released = true
		if r.w.bug("release-forgets-fence") {
			next.fence = 0
		}
		_ = r.swap(current, next)
	}
	r.hop()
}
