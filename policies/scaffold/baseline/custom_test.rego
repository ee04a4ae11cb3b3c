package ringfence.custom_test

import data.ringfence.custom

test_backdoored_version_is_rejected if {
	count(custom.reject) == 1 with input as {"update": {"name": "liblzma5", "version": "5.6.1-1"}}
}

test_repaired_version_is_not if {
	count(custom.reject) == 0 with input as {"update": {"name": "liblzma5", "version": "5.6.1+really5.4.5-1"}}
}

test_other_packages_are_not if {
	count(custom.reject) == 0 with input as {"update": {"name": "openssl", "version": "5.6.1-1"}}
}
