package simulator

// take takes the lease of the site, with a fence that is higher than every one before.
func (r *run) take() error {
	r.hop()
	old := r.w.remote.leases[r.site]
	up := r.w.remoteUp()
	r.hop()
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
	err := r.w.swapLease(r.site, old, next)
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
	r.hop()
	current, up := r.w.remote.leases[r.site], r.w.remoteUp()
	r.hop()
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
	r.hop()
	current := r.w.remote.leases[r.site]
	if current.run == r.id && !current.released {
		next := current
		next.released = true
		if r.w.bug("release-forgets-fence") {
			next.fence = 0
		}
		_ = r.w.swapLease(r.site, current, next)
	}
	r.hop()
}
