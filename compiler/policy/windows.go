package policy

// WindowNames lists the windows in which the ring may be changed.
func (r Ring) WindowNames() []string { return namesOf(r.Window, r.Windows) }

// RebootWindowNames lists the windows of the ring's reboots; none: they happen where the ring is changed.
func (r Ring) RebootWindowNames() []string { return namesOf(r.RebootWindow, r.RebootWindows) }

// WindowNames lists the windows that replace the ring's; none: the ring's stay.
func (l Lane) WindowNames() []string { return namesOf(l.Window, l.Windows) }

// WindowNames lists the windows of a ring in a lane; nil if there is no such ring.
func (t *Tenant) WindowNames(ring, lane string) []string {
	for _, l := range t.Lanes {
		if names := l.WindowNames(); l.Name == lane && len(names) > 0 {
			return names
		}
	}
	for _, r := range t.Rings {
		if r.Name == ring {
			return r.WindowNames()
		}
	}
	return nil
}

func namesOf(one string, several []string) []string {
	if one == "" {
		return several
	}
	return []string{one}
}
