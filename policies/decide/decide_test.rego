package ringfence.decide_test

import data.ringfence.decide

update(class, exploited) := {"name": "openssl", "class": class, "exploited": exploited}

rules := [
	{"name": "security", "match": {"classification": ["security", "definition"]}},
	{"name": "exploited", "match": {"exploited": true}},
	{"name": "both", "match": {"classification": ["bugfix"], "exploited": true}},
	{"name": "empty", "match": {}},
	{"name": "later", "match": {"classification": ["bugfix"], "sinceMonday": true}},
	{"name": "none", "match": {"classification": []}},
]

answer(class, exploited) := found if {
	found := decide.answers[0] with input as {
		"rules": rules,
		"otherwise": "otherwise",
		"lanes": rules,
		"freezes": rules,
		"updates": [update(class, exploited)],
	}
}

test_any_of_several_classes if {
	answer("security", false).granted == ["security"]
	answer("definition", false).granted == ["security"]
}

test_every_rule_that_matches if answer("security", true).granted == ["security", "exploited"]

test_all_named_fields_must_hold if {
	answer("bugfix", true).granted == ["exploited", "both"]
	answer("bugfix", false).granted == ["otherwise"]
}

test_otherwise_only_without_another_rule if {
	answer("driver", false).granted == ["otherwise"]
	not "otherwise" in answer("driver", true).granted
}

test_no_otherwise_grants_nothing if {
	decide.answers == {0: {"granted": [], "lanes": [], "freezes": []}} with input as {
		"rules": rules,
		"otherwise": null,
		"lanes": [],
		"freezes": [],
		"updates": [update("driver", false)],
	}
}

test_unknown_is_not_matched_unless_named if {
	answer("unknown", false).granted == ["otherwise"]
	named := [{"name": "any", "match": {"classification": ["unknown"]}}]
	decide.answers[0].granted == ["any"] with input as {
		"rules": named,
		"otherwise": "otherwise",
		"lanes": [],
		"freezes": [],
		"updates": [update("unknown", false)],
	}
}

test_lanes_and_freezes_match_as_rules_do if {
	answer("bugfix", true).lanes == ["exploited", "both"]
	answer("bugfix", true).freezes == ["exploited", "both"]
	answer("driver", false).lanes == []
}

test_a_class_without_its_facts_has_no_answer if {
	decide.answers == {1: {"granted": ["security"], "lanes": [], "freezes": []}} with input as {
		"rules": rules,
		"otherwise": "otherwise",
		"lanes": [],
		"freezes": [],
		"updates": [{"name": "broken"}, update("security", false)],
	}
}
