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
		"fields": ["class", "exploited"],
		"rules": rules,
		"blocks": [],
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
	answers := decide.answers with input as {
		"fields": ["class", "exploited"],
		"rules": rules,
		"blocks": [],
		"otherwise": null,
		"lanes": [],
		"freezes": [],
		"updates": [update("driver", false)],
	}
	answers[0] == {"granted": [], "blocked": [], "lanes": [], "freezes": []}
}

test_unknown_is_not_matched_unless_named if {
	answer("unknown", false).granted == ["otherwise"]
	named := [{"name": "any", "match": {"classification": ["unknown"]}}]
	decide.answers[0].granted == ["any"] with input as {
		"fields": ["class"],
		"rules": named,
		"blocks": [],
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
	answers := decide.answers with input as {
		"fields": ["class", "exploited"],
		"rules": rules,
		"blocks": [],
		"otherwise": "otherwise",
		"lanes": [],
		"freezes": [],
		"updates": [{"name": "broken", "class": "security"}, update("security", false)],
	}
	not answers[0]
	answers[1] == {"granted": ["security"], "blocked": [], "lanes": [], "freezes": []}
}

whole := {
	"name": "linux-image-amd64",
	"purl": "pkg:deb/debian/linux-image-amd64@6.1",
	"severity": "unknown",
	"origin": "Debian-Security",
	"advisories": ["DSA-1-1", "DSA-2-1"],
}

matched(match, change) if decide.matches(match, object.union(whole, change))

test_severity_is_unknown_only_by_name if {
	not matched({"severity": ["critical", "high", "medium", "low"]}, {})
	matched({"severity": ["critical", "unknown"]}, {})
	matched({"severity": ["critical"]}, {"severity": "critical"})
}

test_texts_and_patterns if {
	matched({"package": {"texts": ["linux-image-amd64"]}}, {})
	not matched({"package": {"texts": ["linux-image"]}}, {})
	matched({"package": {"texts": ["x"], "pattern": "^linux-.*$"}}, {})
	not matched({"package": {"texts": ["x"], "pattern": "^linux-.*$"}}, {"name": "my-linux-image"})
}

test_an_unknown_origin_is_none if {
	matched({"origin": {"texts": [], "pattern": "^.*$"}}, {})
	not matched({"origin": {"texts": [], "pattern": "^.*$"}}, {"origin": ""})
}

test_any_advisory if {
	matched({"advisory": {"texts": ["DSA-2-1"]}}, {})
	not matched({"advisory": {"texts": ["DSA-2"]}}, {})
	not matched({"advisory": {"texts": [], "pattern": "^.*$"}}, {"advisories": []})
}

test_exact_updates if {
	matched({"purl": ["pkg:deb/debian/linux-image-amd64@6.1"]}, {})
	not matched({"purl": ["pkg:deb/debian/linux-image-amd64@6.2"]}, {})
}

test_what_blocks_is_no_match_for_otherwise if {
	answers := decide.answers with input as {
		"fields": ["class", "exploited"],
		"rules": [],
		"blocks": rules,
		"otherwise": "otherwise",
		"lanes": [],
		"freezes": [],
		"updates": [update("security", false)],
	}
	answers[0].granted == ["otherwise"]
	answers[0].blocked == ["security"]
}
