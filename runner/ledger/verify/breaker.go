package verify

// held: nothing starts that the breaker held when the run judged its plan. That it knew of every break only its policy
// repository's control branch could tell, which no ledger holds.
func (v *verifier) held(s *step, in *intent) {
	for _, u := range in.Updates {
		for _, b := range in.run.breaks {
			if u.Update == b.Update {
				v.found(s, Breaker, "%s on %s, which the breaker held since %s", u.Update, in.Host, stamp(b.At))
			}
		}
	}
}
