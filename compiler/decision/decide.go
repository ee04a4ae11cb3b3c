package decision

// Decide answers a query. It is a pure function and does not depend on the order of grants, blocks or evidence.
func Decide(q Query) Decision {
	return Decision{
		Tenant: q.Policy.Name, Ring: q.Ring.Name, Lane: laneName(q.Lane), Update: q.Update.PURL,
		Outcome: NeedsApproval, Class: q.ClassDigest,
		Reasons: []Reason{{Code: ReasonNoRule, Msg: "no rule of the policy matches this update"}},
	}
}
