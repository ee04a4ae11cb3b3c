# Package ringfence.decide says which of a tenant's rules, lanes and freezes match each class of update. It is free of
# time: it names grants, and Go turns them into instants. One evaluation answers for a whole batch of classes.
package ringfence.decide

# answers has one entry for each index of input.updates. A missing entry is read as a deny, never as "nothing matched".
answers[i] := answer(facts(update)) if some i, update in input.updates

# facts are the fields that this tenant's matches read; an update that lacks one of them has none. Updates that agree in
# them share one call of answer, since OPA keeps the result of a function for equal arguments during an evaluation.
facts(update) := known if {
	known := object.filter(update, input.fields)
	count(known) == count(input.fields)
}

answer(update) := {
	"granted": granted(matching(input.rules, update)),
	"blocked": matching(input.blocks, update),
	"lanes": matching(input.lanes, update),
	"freezes": matching(input.freezes, update),
}

# granted holds the rules that matched and can grant; otherwise stands in only when none did. Rules that block are no
# part of it: what they keep back is approved, once they are gone, as if they had never been.
granted(names) := names if {
	count(names) > 0
} else := [input.otherwise] if {
	is_string(input.otherwise)
} else := []

# matching lists the names of the entries whose match takes the update.
matching(entries, update) := [entry.name |
	some entry in entries
	matches(entry.match, update)
]

# A match holds when everything that it names holds. One that names nothing, or a field that is not known here, matches
# no update.
matches(match, update) if {
	count(match) > 0
	every field, wanted in match {
		holds(field, wanted, update)
	}
}

holds("exploited", wanted, update) if update.exploited == wanted

holds("classification", wanted, update) if update.class in wanted

holds("severity", wanted, update) if update.severity in wanted

holds("purl", wanted, update) if update.purl in wanted

holds("package", wanted, update) if one_of(wanted, update.name)

# An origin that nobody knows is none.
holds("origin", wanted, update) if {
	update.origin != ""
	one_of(wanted, update.origin)
}

holds("advisory", wanted, update) if {
	some advisory in update.advisories
	one_of(wanted, advisory)
}

# wanted has texts that match themselves alone, and one regular expression for all that are patterns.
one_of(wanted, text) if text in wanted.texts

one_of(wanted, text) if regex.match(wanted.pattern, text)
